export { DinoHead, type DinoHeadOptions, type HeadScores } from "./dino-head.ts";
