import { swinCases } from "./swin-cases.ts";

swinCases(["swin/forward", "swin/forward_padded"]);
