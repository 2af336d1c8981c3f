export { DinoHead, type DinoHeadOptions } from "./dino-head.ts";
