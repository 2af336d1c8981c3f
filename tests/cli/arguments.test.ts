import { describe, expect, test } from "vitest";
import { ArgumentError, helpText, readArguments } from "../../cli/arguments.ts";
import { Report } from "../../cli/report.ts";
import { emojiRecipes } from "../../training/emoji-recipes.ts";
import type { EmojiEvent, EmojiScore } from "../../training/emoji-run.ts";
import { clock, verdict } from "../../training/emoji-words.ts";

describe("arguments", () => {
  test("start from a recipe and change it", () => {
    expect(readArguments([]).recipe).toEqual(emojiRecipes.quick);
    const { recipe, save } = readArguments([
      ...["--recipe", "nano", "--epochs=2", "--width", "16", "--probes"],
      ...["--save", "encoder.safetensors"],
    ]);
    expect(recipe).toEqual({
      ...emojiRecipes.nano,
      epochs: 2,
      adapter: { stem: 32, stages: [{ width: 16, blocks: 1 }] },
      probes: true,
    });
    expect(save).toBe("encoder.safetensors");
    expect(readArguments(["--blocks", "0"]).recipe.adapter.stages).toEqual([]);
  });

  test.each([
    [["--epoch", "3"], "Unknown option '--epoch'"],
    [["--epochs", "three"], '--epochs is "three"; it takes a whole number from 1 on'],
    [["--epochs", "0"], "from 1 on"],
    [["--batch", "1"], "from 2 on"],
    [["--seed", "-1"], "--seed"],
    [["--rate", "0"], '--rate is "0"; it takes a number above 0'],
    [["--recipe", "huge"], "there is no recipe huge, only quick and nano"],
    [["--epochs"], "--epochs"],
    [["train"], "Unexpected argument 'train'"],
  ])("%j is refused in a sentence", (args, problem) => {
    expect(() => readArguments(args)).toThrow(ArgumentError);
    expect(() => readArguments(args)).toThrow(problem);
  });

  test("help names every flag", () => {
    for (const flag of ["--recipe", "--epochs", "--seed", "--save", "--host"]) {
      expect(helpText()).toContain(flag);
    }
  });
});

describe("the report", () => {
  const step = (number: number): EmojiEvent => ({
    type: "step",
    epoch: 1,
    step: number,
    steps: 3,
    loss: 4.6,
    rate: 1e-3,
    values: { rate: 1e-3 },
    metrics: {},
    imagesPerSecond: 50,
    secondsLeft: 61,
  });
  const told = (isTTY: boolean, events: readonly EmojiEvent[]): string => {
    let text = "";
    const terminal = {
      isTTY,
      write: (more: string) => {
        text += more;
      },
    };
    const report = new Report(terminal, emojiRecipes.quick);
    for (const event of events) report.tell(event);
    report.close();
    return text;
  };

  test("writes over one line on a terminal", () => {
    const text = told(true, [step(1), step(2), step(3)]);
    expect(text.split("\n")).toHaveLength(2);
    expect(text).toContain("\r\x1b[Kepoch 1/3  step 3/3  loss 4.600  50 drawings/s  1:01 left\n");
  });

  test("writes plain lines, and few of them, elsewhere", () => {
    const text = told(false, [step(1), step(2), step(3)]);
    expect(text).not.toContain("\x1b");
    expect(text.trim().split("\n")).toHaveLength(2);
  });

  test("ends with a table and what it says", () => {
    const score = (name: EmojiScore["name"], first: number): EmojiEvent => ({
      type: "score",
      score: { name, first, amongFive: first + 0.2, spread: 0.7 },
    });
    const text = told(false, [
      score("pixels", 0.406),
      score("scattering", 0.418),
      score("untrained", 0.402),
      score("trained", 0.479),
    ]);
    expect(text).toContain("raw pixels                 40.6 %   60.6 %     0.70");
    expect(text).toContain("encoder after training     47.9 %   67.9 %     0.70");
    expect(text).toContain(
      "Training gained 7.7 points; the trained encoder beats raw pixels and scattering alone.",
    );
  });
});

test("the verdict flatters nobody", () => {
  const scores = (trained: number): EmojiScore[] =>
    (["pixels", "scattering", "untrained", "trained"] as const).map((name, i) => ({
      name,
      first: [0.4, 0.45, 0.42, trained][i] as number,
      amongFive: 0.6,
      spread: 1,
    }));
  expect(verdict(scores(0.41))).toMatch(
    /^Training lost 1.0 points; the trained encoder beats raw pixels only/,
  );
  expect(verdict(scores(0.42))).toMatch(/^Training changed nothing/);
  expect(verdict(scores(0.3))).toMatch(/neither raw pixels nor scattering alone are beaten/);
});

test("times are minutes and seconds", () => {
  expect([0, 59.6, 61, 3600].map(clock)).toEqual(["0:00", "1:00", "1:01", "60:00"]);
});
