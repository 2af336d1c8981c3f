import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { encodePng } from "../../training/report/png.ts";

const SIDE = 8;

/** Writes small pictures into a folder: stripes and checks of many colours, in two folders if they have classes. */
export async function writePictures(folder: string, count: number, classes: boolean): Promise<void> {
  for (let i = 0; i < count; i++) {
    const kind = i % 2;
    const data = new Uint8Array(SIDE * SIDE * 3);
    for (let at = 0; at < data.length; at++) {
      const [pixel, colour] = [Math.floor(at / 3), at % 3];
      const [x, y] = [pixel % SIDE, Math.floor(pixel / SIDE)];
      const wave = kind === 0 ? Math.sin(x * (0.4 + i * 0.05)) : Math.sin(x * 2 + i) * Math.sin(y * 2);
      data[at] = 128 + 100 * wave * (colour === i % 3 ? 1 : 0.4);
    }
    const group = classes ? (["stripes", "checks"][kind] as string) : "";
    const path = join(folder, group, `picture ${i}.png`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, await encodePng({ width: SIDE, height: SIDE, channels: 3, data }));
  }
}

/** Flags of a run that is as small as one can be. */
export const tiny =
  "--preset nano --epochs 2 --batch 4 --scales 1 --view 8 --stem 4 --blocks 0 --hidden 8 --out 8".split(" ");
