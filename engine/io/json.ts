import { FileFormatError, quoted } from "./errors.ts";

/**
 * JSON as a file header needs it: numbers keep their text (a size must not be rounded), duplicate keys are an
 * error and so is nesting deep enough to exhaust the stack. `JSON.parse` lets all three through.
 */
export type JsonValue =
  | string
  | boolean
  | null
  | JsonNumber
  | readonly JsonValue[]
  | ReadonlyMap<string, JsonValue>;

export interface JsonNumber {
  readonly numberText: string;
}

const MAX_DEPTH = 100;
const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const STRING_END = /["\\]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u001f]/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * @param text The whole header.
 * @param format Named by errors.
 * @param start Byte of the file where the text starts; errors add to it.
 */
export function parseJson(text: string, format: string, start: number): JsonValue {
  let at = 0;

  const fail = (problem: string, where = at): never => {
    const offset = start + new TextEncoder().encode(text.slice(0, where)).length;
    throw new FileFormatError(format, { problem: `header is not JSON: ${problem}`, offset });
  };
  const skipSpace = (): void => {
    SPACE.lastIndex = at;
    SPACE.test(text);
    at = SPACE.lastIndex;
  };
  const found = (): string =>
    at < text.length ? quoted(String.fromCodePoint(text.codePointAt(at) as number)) : "its end";
  const expect = (token: string): void => {
    skipSpace();
    if (text[at] !== token) fail(`need ${quoted(token)}, found ${found()}`);
    at++;
  };
  const takeIf = (token: string): boolean => {
    skipSpace();
    if (text[at] !== token) return false;
    at++;
    return true;
  };

  const string = (): string => {
    expect('"');
    const first = at - 1;
    for (;;) {
      STRING_END.lastIndex = at;
      if (!STRING_END.test(text)) fail("a string does not end", first);
      at = STRING_END.lastIndex;
      if (text[at - 1] === '"') break;
      at++; // what follows a backslash: never the end of the string
    }
    const source = text.slice(first, at);
    if (CONTROL.test(source)) fail("a string holds a control character", first);
    let value = "";
    try {
      value = JSON.parse(source) as string;
    } catch {
      fail(`bad escape in the string ${quoted(source)}`, first);
    }
    if (LONE_SURROGATE.test(value)) fail("a string holds half a surrogate pair", first);
    return value;
  };

  const value = (depth: number): JsonValue => {
    if (depth > MAX_DEPTH) fail(`nested deeper than ${MAX_DEPTH}`);
    skipSpace();
    if (text[at] === '"') return string();
    if (takeIf("{")) {
      const entries = new Map<string, JsonValue>();
      if (takeIf("}")) return entries;
      do {
        skipSpace();
        const keyStart = at;
        const key = string();
        if (entries.has(key)) fail(`duplicate key ${quoted(key)}`, keyStart);
        expect(":");
        entries.set(key, value(depth + 1));
      } while (takeIf(","));
      expect("}");
      return entries;
    }
    if (takeIf("[")) {
      const items: JsonValue[] = [];
      if (takeIf("]")) return items;
      do items.push(value(depth + 1));
      while (takeIf(","));
      expect("]");
      return items;
    }
    for (const [word, meaning] of WORDS) {
      if (!text.startsWith(word, at)) continue;
      at += word.length;
      return meaning;
    }
    NUMBER.lastIndex = at;
    const numberText = NUMBER.exec(text)?.[0];
    if (numberText === undefined) return fail(`need a value, found ${found()}`);
    at = NUMBER.lastIndex;
    return { numberText };
  };

  const result = value(1);
  skipSpace();
  if (at < text.length) fail(`something follows the value: ${found()}`);
  return result;
}

const WORDS = [
  ["true", true],
  ["false", false],
  ["null", null],
] as const;

export function isJsonObject(value: JsonValue | undefined): value is ReadonlyMap<string, JsonValue> {
  return value instanceof Map;
}

/** A value as messages show it, cut when long. */
export function jsonText(value: JsonValue | undefined): string {
  if (value === undefined) return "nothing";
  if (isJsonObject(value)) return "an object";
  if (Array.isArray(value)) {
    const items = (value as readonly JsonValue[]).slice(0, 8).map((item) => {
      return Array.isArray(item) ? "[...]" : jsonText(item);
    });
    return `[${items.join(",")}${value.length > 8 ? ",..." : ""}]`;
  }
  if (typeof value === "string") return quoted(value);
  return typeof value === "object" && value !== null
    ? (value as JsonNumber).numberText.slice(0, 40)
    : String(value);
}

/** An integer of at least 0 that a number holds exactly, else undefined: `1.0`, `1e3` and `-0` are none. */
export function sizeOf(value: JsonValue | undefined): number | undefined {
  if (typeof value !== "object" || value === null || !("numberText" in value)) return undefined;
  const size = /^\d+$/.test(value.numberText) ? Number(value.numberText) : Number.NaN;
  return Number.isSafeInteger(size) ? size : undefined;
}
