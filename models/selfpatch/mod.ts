export { Aggregation, type AggregationOptions } from "./aggregation.ts";
export { ClassAttention, ClassBlock, type KeysValues } from "./class-attention.ts";
export {
  type Neighbours,
  type PatchGrid,
  ringTable,
  rowsOfNeighbours,
  similarNeighbours,
} from "./neighbours.ts";
