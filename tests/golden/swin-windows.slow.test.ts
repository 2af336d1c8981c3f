import { swinCases } from "./swin-cases.ts";

swinCases(["swin/forward_w7", "swin/forward_w7_local"]);
