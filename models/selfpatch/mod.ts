export { Aggregation, type AggregationOptions } from "./aggregation.ts";
export { ClassAttention, ClassBlock, type KeysValues } from "./class-attention.ts";
export { type Neighbours, ringTable, rowsOfNeighbours, similarNeighbours } from "./neighbours.ts";
