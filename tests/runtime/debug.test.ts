import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { readHostSettings } from "../../engine/core/debug.ts";
import { compile, configureDevice, debug, getDevice, tensor, withDebug } from "../../mod.ts";
import { nodeGPU } from "../support/host.ts";

beforeAll(() => configureDevice({ gpu: nodeGPU() }));

let lines: string[] = [];
beforeEach(() => {
  lines = [];
});

const told = <T>(level: number, body: () => Promise<T>): Promise<T> =>
  withDebug({ level, print: (line) => lines.push(...line.split("\n")) }, body);

const x = tensor([
  [1, 2],
  [3, 4],
]);

describe("the debug ladder", () => {
  test("level 1 tells one line for each plan: kernels, hit or miss, time, and the user's line", async () => {
    await told(1, async () => {
      await x.matmul(x).mul(7).data();
      await x.matmul(x).mul(7).data();
      const step = compile((a: typeof x) => a.sub(3).exp(), { name: "myStep" });
      await step(x).data();
    });
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(
      /^mul: 1 kernels, 1 of them new; miss, \d+\.\d ms; at .*debug\.test\.ts:\d+:\d+$/,
    );
    expect(lines[1]).toMatch(/^mul: 1 kernels; hit; at .*debug\.test\.ts:\d+:\d+$/);
    expect(lines[2]).toMatch(/^myStep: 1 kernels, 1 of them new; miss, .* at .*debug\.test\.ts:\d+:\d+$/);
    const line = (text: string | undefined) => Number(/:(\d+):\d+$/.exec(text ?? "")?.[1]);
    expect(line(lines[1])).toBe(line(lines[0]) + 1);
    expect(line(lines[2])).toBe(line(lines[0]) + 3);
  });

  test("level 2 adds a line for each dispatch, before the values come", async () => {
    const seen = await told(2, async () => {
      await x.matmul(x).sum().data();
      return [...lines];
    });
    const device = await getDevice();
    const time = device.profiler.hasTimestamps
      ? "(\\d+\\.\\d us, .* GFLOP/s, .* GB/s|0\\.0 us, too short to tell)"
      : "not timed";
    const dispatches = seen.filter((l) => l.startsWith("  "));
    expect(dispatches).toHaveLength(2);
    expect(dispatches[0]).toMatch(
      new RegExp(`^ {2}dot_dot_1x2x2x2 \\[\\dx1x1\\] \\(matmul\\): ${time}, \\d.* live$`),
    );
    expect(dispatches[1]).toMatch(/^ {2}row_sum_1x4 .*\(sum\): /);
  });

  test("level 3 adds what was fused and why each kernel ends where it does", async () => {
    await told(3, () => x.matmul(x).softmax({ axis: -1 }).sum().data());
    const text = lines.join("\n");
    expect(text).toContain("kernel 0 dot_dot_1x2x2x2: matmul");
    expect(text).toContain(
      "stops at matmul f32[2,2]: its rows are spread over the tiles of the contraction, and a reduction follows",
    );
    expect(text).toMatch(/kernel 1 row_max_sub_exp_sum_etc_2x2: softmax/);
    expect(text).toContain("stops at softmax f32[2,2]: a reduction over other rows follows");
    expect(text).toContain("stops at sum f32[1,1]: a result of the program");
    expect(text).toMatch(/memory for intermediate results: 256 B/);
    expect(text).not.toContain("@compute");
  });

  test("level 5 shows the WGSL and the graph after each pass, and the result is the same", async () => {
    const values = await told(5, () => x.add(1).relu().mul(0.5).array());
    expect(values).toEqual([
      [1, 1.5],
      [2, 2.5],
    ]);
    const passes = lines.filter((l) => l.startsWith("-- after ")).map((l) => l.slice(9));
    expect(passes.join(", ")).toBe("expand, simplify, split long sums, fuse, flatten, order, bundle, reuse");
    const graphAfter = (name: string) => {
      const from = lines.indexOf(`-- after ${name}`);
      return lines.slice(
        from + 1,
        lines.findIndex((l, i) => i > from && l.startsWith("--")),
      );
    };
    expect(graphAfter("expand")[0]).toMatch(/^%0 = input\(\) .* f32\[2,2\]$/);
    expect(graphAfter("expand").at(-1)).toMatch(/^return %\d+$/);
    expect(graphAfter("fuse")[0]).toMatch(/^kernel 0 \(map\): .* -> mul f32\[2,2\]$/);
    expect(lines.join("\n")).toContain("@compute @workgroup_size(");
  });

  test("marks what the host does for the performance panel, and leaves no list behind", async () => {
    const measures: string[] = [];
    const observer = new PerformanceObserver((list) => {
      measures.push(...list.getEntries().map((e) => e.name));
    });
    observer.observe({ entryTypes: ["measure"] });
    await told(1, () => x.mul(31).sum().data());
    await new Promise((resolve) => setTimeout(resolve, 20));
    observer.disconnect();
    expect(measures).toEqual(["compile sum", "encode sum", "readback f32[1]"]);
    expect(performance.getEntriesByType("measure")).toEqual([]);
  });

  test("level 0 says nothing", async () => {
    await told(0, () => x.add(2).data());
    expect(lines).toEqual([]);
  });
});

describe("the switch", () => {
  test("is put back when the body has ended, also when it throws or is async", async () => {
    expect(() =>
      withDebug(3, () => {
        throw new Error("no");
      }),
    ).toThrow("no");
    expect(debug.level).toBe(0);
    const running = withDebug({ verify: true, level: 2 }, async () => {
      await Promise.resolve();
      return debug.level;
    });
    expect(await running).toBe(2);
    expect([debug.level, debug.verify]).toEqual([0, false]);
  });

  test("is read from the host once, before the first work", () => {
    // It has been: the cases above have worked.
    process.env.DEBUG = "4";
    readHostSettings();
    expect(debug.level).toBe(0);
    delete process.env.DEBUG;
  });
});
