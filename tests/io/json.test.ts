import fc from "fast-check";
import { expect, test } from "vitest";
import { parseJson } from "../../engine/io/json.ts";

test("property: the header's JSON is what JSON.parse takes for JSON", () => {
  const pieces = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"a"',
    '"\\n"',
    "1",
    "-",
    "0",
    ".",
    "e",
    "+",
    "true",
    "null",
    " ",
    "\n",
  ];
  const accepts = (parse: (text: string) => unknown, text: string): boolean => {
    try {
      parse(text);
      return true;
    } catch {
      return false;
    }
  };
  const parse = (text: string) => parseJson(text, "test", 0);
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 12 }), (parts) => {
      const text = parts.join("");
      fc.pre(!/"a".*"a"/s.test(text)); // duplicate keys are where the two differ
      expect(accepts(parse, text), text).toBe(accepts(JSON.parse, text));
    }),
    { numRuns: 2000 },
  );
});
