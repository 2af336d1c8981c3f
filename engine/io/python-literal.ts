import { FileFormatError, quoted } from "./errors.ts";

/**
 * The part of Python's literal syntax that npy headers use: strings without escapes, integers of at least 0,
 * True, False, None, tuples, lists and dicts with string keys. Nothing is evaluated.
 */
export type PythonValue =
  | string
  | boolean
  | null
  | number
  | PythonSequence
  | ReadonlyMap<string, PythonValue>;

export interface PythonSequence {
  readonly kind: "tuple" | "list";
  readonly items: readonly PythonValue[];
}

const MAX_DEPTH = 50;
const SPACE = /[ \t\n\r\f]*/y;
const STRING = /'[^'\\\n]*'|"[^"\\\n]*"/y;
const INTEGER = /(?:0|[1-9]\d*)L?(?![\w.])/y; // Python 2 wrote (3L,)
const WORD = /(?:True|False|None)(?!\w)/y;

/**
 * @param text The whole header.
 * @param format Named by errors.
 * @param start Byte of the file where the text starts; errors add to it.
 */
export function parsePythonLiteral(text: string, format: string, start: number): PythonValue {
  let at = 0;

  const fail = (problem: string): never => {
    throw new FileFormatError(format, {
      problem: `header is not a Python literal: ${problem}`,
      offset: start + at,
    });
  };
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  };
  const takeIf = (token: string): boolean => {
    take(SPACE);
    if (text[at] !== token) return false;
    at++;
    return true;
  };
  const found = (): string => (at < text.length ? quoted(text.slice(at, at + 1)) : "its end");

  /** Values up to `close`, separated by commas, one more comma allowed; says whether there was a comma. */
  const sequence = (close: string, item: () => void): boolean => {
    let comma = false;
    while (!takeIf(close)) {
      item();
      if (takeIf(",")) comma = true;
      else if (takeIf(close)) break;
      else fail(`need "," or ${quoted(close)}, found ${found()}`);
    }
    return comma;
  };

  const value = (depth: number): PythonValue => {
    if (depth > MAX_DEPTH) fail(`nested deeper than ${MAX_DEPTH}`);
    take(SPACE);
    const string = take(STRING);
    if (string !== undefined) return string.slice(1, -1);
    const word = take(WORD);
    if (word !== undefined) return word === "None" ? null : word === "True";
    const integer = take(INTEGER);
    if (integer !== undefined) return Number(integer.replace("L", ""));
    if (takeIf("{")) {
      const entries = new Map<string, PythonValue>();
      sequence("}", () => {
        take(SPACE);
        const key = take(STRING)?.slice(1, -1);
        if (key === undefined) return fail(`need a key in quotes, found ${found()}`);
        if (entries.has(key)) fail(`duplicate key ${quoted(key)}`);
        if (!takeIf(":")) fail(`need ":", found ${found()}`);
        entries.set(key, value(depth + 1));
      });
      return entries;
    }
    for (const [open, close, kind] of BRACKETS) {
      if (!takeIf(open)) continue;
      const items: PythonValue[] = [];
      const comma = sequence(close, () => items.push(value(depth + 1)));
      // "(3)" is 3 in brackets; only "(3,)" is a tuple.
      return kind === "tuple" && items.length === 1 && !comma ? (items[0] as PythonValue) : { kind, items };
    }
    return fail(`need a value, found ${found()}`);
  };

  const result = value(1);
  take(SPACE);
  if (at < text.length) fail(`something follows the value: ${found()}`);
  return result;
}

const BRACKETS = [
  ["(", ")", "tuple"],
  ["[", "]", "list"],
] as const;

/** A value as messages show it: in Python's syntax, cut when long. */
export function pythonText(value: PythonValue | undefined): string {
  if (value === undefined) return "nothing";
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return quoted(value);
  if (typeof value === "number") return String(value);
  if (!("kind" in value)) return "a dict";
  const items = value.items.slice(0, 8).map((item) => {
    return typeof item === "object" && item !== null ? "..." : pythonText(item);
  });
  const text = `${items.join(", ")}${value.items.length > 8 ? ", ..." : ""}`;
  if (value.kind === "list") return `[${text}]`;
  return value.items.length === 1 ? `(${text},)` : `(${text})`;
}
