// Translates the part of WGSL that the kernels use to JavaScript with the arithmetic that IEEE 754 and WGSL
// prescribe: f32 rounded after each operation, integers that wrap. Every access is checked against its array.
import type { Expression, Module, Statement, WgslFunction } from "./wgsl-parse.ts";

interface Typed {
  code: string;
  /** f32, i32, u32, bool, vec2u and so on, or a number without a type: "int" and "float". */
  type: string;
}

/** Which lane each built-in reads: lane l that of lane l ^ the number. */
const SWAPS: Record<string, number> = { quadSwapX: 1, quadSwapY: 2, quadSwapDiagonal: 3 };

/**
 * JavaScript of all functions; `main` becomes a generator that yields where threads must wait for each other: a name
 * at barriers, and how to swap which value in a quad.
 */
export function translate(module: Module): { code: string; barriers: boolean } {
  const main = module.functions.find((f) => f.workgroupSize !== null);
  if (!main) throw new Error("wgsl: no entry point");
  const barriers = module.functions.some((f) => /Barrier|quadSwap/.test(JSON.stringify(f.body)));
  const code = module.functions
    .map((f) => new Translator(module).function(f, f === main && barriers))
    .join("\n");
  return { code, barriers };
}

const COMPARISONS = new Set(["==", "!=", "<", ">", "<=", ">="]);
const isVector = (type: string): boolean => type.startsWith("vec");
const LETTERS: Record<string, string> = { f: "f32", i: "i32", u: "u32", b: "bool", h: "f32" };
const elementOf = (vector: string): string => LETTERS[vector[4] as string] as string;

class Translator {
  private readonly scopes: Map<string, string>[] = [new Map()];
  private readonly module: Module;

  constructor(module: Module) {
    this.module = module;
  }

  function(f: WgslFunction, generator: boolean): string {
    for (const p of f.parameters) this.declare(p.name, p.type);
    const parameters = f.workgroupSize
      ? f.parameters.map((p) => `$${p.name} = inputs.${p.builtin}`).join(", ")
      : f.parameters.map((p) => `$${p.name}`).join(", ");
    // What each thread has of its own; only `main` knows it.
    const own = f.workgroupSize ? this.module.variables.filter((v) => v.space === "private") : [];
    const declared = own.map(({ name, element, length }) => {
      const type = `${element}[${length}]`;
      this.declare(name, type);
      return `let $${name} = ${zeroOf(type)};`;
    });
    const head = f.workgroupSize
      ? `function${generator ? "*" : ""} main(inputs) { let ${parameters}; ${declared.join(" ")}`
      : `function $${f.name}(${parameters}) {`;
    return `${head}\n${this.statements(f.body)}}`;
  }

  private declare(name: string, type: string): void {
    this.scopes[this.scopes.length - 1]?.set(name, type);
  }

  private typeOf(name: string): string | undefined {
    for (let i = this.scopes.length - 1; i >= 0; i--) {
      const type = this.scopes[i]?.get(name);
      if (type) return type;
    }
    return undefined;
  }

  private statements(list: readonly Statement[]): string {
    this.scopes.push(new Map());
    const code = list.map((s) => this.statement(s)).join("\n");
    this.scopes.pop();
    return `${code}\n`;
  }

  private statement(s: Statement): string {
    switch (s.kind) {
      case "block":
        return `{${this.statements(s.body)}}`;
      case "declare":
        return `${this.declaration(s)};`;
      case "assign":
        return `${this.assignment(s)};`;
      case "call": {
        const name = s.call.kind === "call" ? s.call.name : "";
        if (name === "workgroupBarrier" || name === "storageBarrier")
          return `yield "${name} ${this.barrier++}";`;
        return `${this.expression(s.call).code};`;
      }
      case "if": {
        const condition = this.expression(s.condition).code;
        const otherwise = s.otherwise ? ` else {${this.statements(s.otherwise)}}` : "";
        return `if (${condition}) {${this.statements(s.then)}}${otherwise}`;
      }
      case "for": {
        this.scopes.push(new Map());
        const init = s.init
          ? s.init.kind === "declare"
            ? this.declaration(s.init)
            : this.assign(s.init)
          : "";
        const test = s.test ? this.expression(s.test).code : "";
        const step = s.step ? this.assign(s.step) : "";
        const code = `for (${init}; ${test}; ${step}) {${this.statements(s.body)}}`;
        this.scopes.pop();
        return code;
      }
      case "loop":
        return `while (${s.test ? this.expression(s.test).code : "true"}) {${this.statements(s.body)}}`;
      case "return":
        return s.value ? `return ${this.expression(s.value).code};` : "return;";
      default:
        return `${s.kind};`;
    }
  }

  private barrier = 0;

  private assign(s: Statement): string {
    if (s.kind !== "assign") throw new Error(`wgsl: ${s.kind} in the head of a loop`);
    return this.assignment(s);
  }

  private declaration(s: Statement & { kind: "declare" }): string {
    const value = s.value ? this.expression(s.value) : null;
    const given = value && { int: "i32", float: "f32" }[value.type];
    const type = s.type ?? given ?? value?.type;
    if (!type) throw new Error(`wgsl: ${s.name} has no type`);
    const initial = value ? this.convert(value, type) : zeroOf(type);
    this.declare(s.name, type);
    return `let $${s.name} = ${isVector(type) ? `[...${initial}]` : initial}`;
  }

  private assignment(s: Statement & { kind: "assign" }): string {
    const { target } = s;
    const value: Expression =
      s.operator === "="
        ? s.value
        : { kind: "binary", operator: s.operator.slice(0, -1), a: target, b: s.value };
    const typed = this.expression(value);
    if (target.kind === "name")
      return `$${target.name} = ${this.convert(typed, this.typeOf(target.name) as string)}`;
    if (target.kind === "member") {
      const base = this.expression(target.base);
      return `${base.code}[${"xyzw".indexOf(target.name)}] = ${this.convert(typed, elementOf(base.type))}`;
    }
    if (target.kind === "index" && target.base.kind === "name") {
      const own = this.typeOf(target.base.name);
      if (own) {
        const at = this.expression(target.at).code;
        return `$${target.base.name}[inside(${at}, ${lengthOf(own)})] = ${this.convert(typed, itemOf(own))}`;
      }
      const variable = this.module.variables.find((v) => v.name === (target.base as { name: string }).name);
      if (!variable) throw new Error("wgsl: only buffers have elements");
      const stored = this.convert(typed, scalarOf(variable.element));
      return `$${variable.name}.store(${this.expression(target.at).code}, ${stored}, ${actorOf(variable.space)})`;
    }
    throw new Error("wgsl: cannot assign to this");
  }

  private convert(x: Typed, type: string): string {
    if (x.type === "int" && type === "f32") return x.code;
    if (x.type === "int" && type === "u32") return x.code;
    if (x.type === "float" && type === "f32") return `fround(${x.code})`;
    if (x.type === "int" && type === "i32") return x.code;
    if (x.type !== type) throw new Error(`wgsl: ${x.code} is ${x.type}, not ${type}`);
    return x.code;
  }

  private expression(e: Expression): Typed {
    switch (e.kind) {
      case "number":
        return numberOf(e.text);
      case "name": {
        if (e.name === "true" || e.name === "false") return { code: e.name, type: "bool" };
        const type = this.typeOf(e.name);
        if (!type) throw new Error(`wgsl: unknown name ${e.name}`);
        return { code: `$${e.name}`, type };
      }
      case "index": {
        if (e.base.kind !== "name") throw new Error("wgsl: only buffers have elements");
        const { name } = e.base;
        const own = this.typeOf(name);
        if (own) {
          const at = this.expression(e.at).code;
          return { code: `$${name}[inside(${at}, ${lengthOf(own)})]`, type: itemOf(own) };
        }
        const variable = this.module.variables.find((v) => v.name === name);
        if (!variable) throw new Error(`wgsl: unknown buffer ${name}`);
        return {
          code: `$${name}.load(${this.expression(e.at).code}, ${actorOf(variable.space)})`,
          type: scalarOf(variable.element),
        };
      }
      case "member": {
        const base = this.expression(e.base);
        const places = [...e.name].map((c) => "xyzw".indexOf(c));
        if (!isVector(base.type) || places.includes(-1)) throw new Error(`wgsl: no member ${e.name}`);
        if (places.length === 1) return { code: `${base.code}[${places[0]}]`, type: elementOf(base.type) };
        return {
          code: `swizzle(${base.code}, [${places}])`,
          type: `vec${places.length}${base.type[4]}`,
        };
      }
      case "unary":
        return this.unary(e.operator, this.expression(e.x));
      case "binary":
        return this.binary(e.operator, this.expression(e.a), this.expression(e.b));
      case "call":
        return this.call(
          e.name,
          e.args.map((x) => this.expression(x)),
        );
    }
  }

  private unary(operator: string, x: Typed): Typed {
    if (operator === "!") return { code: `(!${x.code})`, type: "bool" };
    if (isVector(x.type)) {
      const inner = this.unary(operator, { code: "x", type: elementOf(x.type) });
      return { code: `${x.code}.map((x) => ${inner.code})`, type: x.type };
    }
    const wrapped: Record<string, string> = {
      i32: `(${operator}${x.code} | 0)`,
      u32: `(${operator}${x.code} >>> 0)`,
    };
    return { code: wrapped[x.type] ?? `(${operator}${x.code})`, type: x.type };
  }

  private binary(operator: string, a: Typed, b: Typed): Typed {
    if (isVector(a.type) || isVector(b.type)) {
      const vector = isVector(a.type) ? a.type : b.type;
      const inner = this.binary(
        operator,
        isVector(a.type) ? { code: "x", type: elementOf(vector) } : { ...a, code: "x" },
        isVector(b.type) ? { code: "y", type: elementOf(vector) } : { ...b, code: "y" },
      );
      const result = inner.type === "bool" ? `${vector.slice(0, 4)}b` : vector;
      return { code: `zip(${a.code}, ${b.code}, (x, y) => ${inner.code})`, type: result };
    }
    if (operator === "<<" || operator === ">>") {
      const shift = `(${a.code} ${operator === ">>" && a.type === "u32" ? ">>>" : operator} ${b.code})`;
      return { code: a.type === "u32" ? `(${shift} >>> 0)` : shift, type: a.type };
    }
    const type = common(a, b);
    if ((operator === "&&" || operator === "||") && type !== "bool")
      throw new Error(`wgsl: ${operator} of ${type}`);
    const pair = [this.convert(a, type), this.convert(b, type)] as const;
    if (type === "bool" && !["==", "!=", "&", "|", "&&", "||"].includes(operator))
      throw new Error(`wgsl: ${operator} of booleans`);
    if (COMPARISONS.has(operator)) {
      const js = { "==": "===", "!=": "!==" }[operator] ?? operator;
      return { code: `(${pair[0]} ${js} ${pair[1]})`, type: "bool" };
    }
    return { code: arithmetic(operator, pair[0], pair[1], type), type };
  }

  private call(name: string, args: readonly Typed[]): Typed {
    const own = this.module.functions.find((f) => f.name === name);
    if (own) {
      const passed = args.map((x, i) => this.convert(x, own.parameters[i]?.type as string));
      return { code: `$${name}(${passed.join(", ")})`, type: own.result as string };
    }
    const codes = args.map((x) => x.code);
    const [x] = args as [Typed];
    const vector = /^vec([234])([fiuh])$/.exec(name);
    if (vector) {
      const element = LETTERS[vector[2] as string] as string;
      const parts = args.map((y) => (isVector(y.type) ? `...${y.code}` : this.convert(y, element)));
      return { code: `splat([${parts.join(", ")}], ${vector[1]})`, type: `vec${vector[1]}${vector[2]}` };
    }
    if (name.startsWith("array_")) {
      const type = name.slice(6);
      return { code: `[${args.map((y) => this.convert(y, itemOf(type))).join(", ")}]`, type };
    }
    if (name.startsWith("bitcast_")) {
      const to = name.slice(8);
      const from = { int: "i32", float: "f32" }[x.type] ?? x.type;
      if (isVector(from))
        return { code: `${x.code}.map((x) => bits.${elementOf(from)}_${elementOf(to)}(x))`, type: to };
      return { code: `bits.${from}_${to}(${this.convert(x, from)})`, type: to };
    }
    if (name in SWAPS) return { code: `(yield [${SWAPS[name]}, ${x.code}])`, type: x.type };
    switch (name) {
      case "f32":
      case "f16": {
        const value = x.type === "bool" ? `(${x.code} ? 1 : 0)` : x.code;
        return { code: name === "f16" ? `half(${value})` : `fround(${value})`, type: "f32" };
      }
      case "i32":
      case "u32": {
        const cast = name === "i32" ? "| 0" : ">>> 0";
        if (x.type === "f32" || x.type === "float") return { code: `to_${name}(${x.code})`, type: name };
        return { code: `(${x.code} ${cast})`, type: name };
      }
      case "bool":
        return { code: `(${x.code} != 0)`, type: "bool" };
      case "select": {
        const type = common(x, args[1] as Typed);
        const [no, yes] = [this.convert(x, type), this.convert(args[1] as Typed, type)];
        const by = isVector(args[2]?.type as string) ? "choose" : "select";
        return { code: `${by}(${no}, ${yes}, ${codes[2]})`, type };
      }
      case "min":
      case "max":
      case "clamp": {
        const type = args.reduce((t, y) => common({ code: "", type: t }, y), x.type);
        const converted = args.map((y) => this.convert(y, type));
        if (isVector(type) && name !== "clamp")
          return { code: `zip(${converted.join(", ")}, ${name})`, type };
        if (isVector(type)) throw new Error("wgsl: clamp of vectors is not known here");
        return { code: `${name}(${converted.join(", ")})`, type };
      }
      case "abs":
        if (isVector(x.type)) return { code: `${x.code}.map((x) => Math.abs(x))`, type: x.type };
        return { code: x.type === "i32" ? `(Math.abs(${x.code}) | 0)` : `Math.abs(${x.code})`, type: x.type };
      case "sign":
        return { code: `Math.sign(${x.code})`, type: x.type };
      case "fma":
        return { code: `fround(${codes[0]} * ${codes[1]} + ${codes[2]})`, type: "f32" };
      case "round":
        return { code: `round(${x.code})`, type: x.type };
      case "floor":
      case "ceil":
      case "trunc":
      case "sqrt":
      case "exp":
      case "log":
      case "sin":
      case "cos":
      case "exp2":
      case "log2":
      case "tanh":
        return {
          code: isVector(x.type) ? `${x.code}.map((x) => f32_${name}(x))` : `f32_${name}(${x.code})`,
          type: x.type,
        };
      case "dot":
        return { code: `dot(${codes[0]}, ${codes[1]})`, type: elementOf(x.type) };
    }
    throw new Error(`wgsl: unknown function ${name}`);
  }
}

/** Who touches memory: the lane of a workgroup, or the thread among all, which has a new number after storage barriers. */
const actorOf = (space: string): string =>
  space === "workgroup" ? "inputs.local_invocation_index" : "inputs.thread";

const scalarOf = (element: string): string => (element === "f16" ? "f32" : element);

const isArray = (type: string): boolean => type.endsWith("]");
const itemOf = (array: string): string =>
  isVector(array) ? elementOf(array) : array.slice(0, array.indexOf("["));
const lengthOf = (array: string): number =>
  Number(isVector(array) ? array[3] : array.slice(array.indexOf("[") + 1, -1));

function zeroOf(type: string): string {
  if (isArray(type)) return `new Array(${lengthOf(type)}).fill(${zeroOf(itemOf(type))})`;
  if (isVector(type)) return `splat([${zeroOf(elementOf(type))}], ${type[3]})`;
  return type === "bool" ? "false" : "0";
}

function numberOf(text: string): Typed {
  const suffix = /^0x/.test(text) ? text.match(/[iu]$/)?.[0] : text.match(/[fhiu]$/)?.[0];
  const digits = suffix ? text.slice(0, -1) : text;
  if (suffix === "f" || suffix === "h") return { code: String(Math.fround(Number(digits))), type: "f32" };
  if (suffix) return { code: digits, type: suffix === "u" ? "u32" : "i32" };
  return { code: digits, type: /^0x/.test(digits) || !/[.e]/.test(digits) ? "int" : "float" };
}

function common(a: Typed, b: Typed): string {
  if (a.type === b.type) return a.type;
  if (a.type === "int") return b.type;
  if (b.type === "int") return a.type;
  if (a.type === "float" && b.type === "f32") return "f32";
  if (b.type === "float" && a.type === "f32") return "f32";
  throw new Error(`wgsl: ${a.code} is ${a.type} and ${b.code} is ${b.type}`);
}

function arithmetic(operator: string, a: string, b: string, type: string): string {
  if (type === "bool") return `(${a} ${operator === "&" ? "&&" : operator === "|" ? "||" : operator} ${b})`;
  if (type === "float" || type === "f32") {
    const value = `(${a} ${operator} ${b})`;
    return type === "f32" ? `fround${value}` : value;
  }
  if (operator === "/" || operator === "%") {
    return `${operator === "/" ? "quotient" : "rest"}_${type === "u32" ? "u32" : "i32"}(${a}, ${b})`;
  }
  if (operator === "*") return type === "u32" ? `(imul(${a}, ${b}) >>> 0)` : `imul(${a}, ${b})`;
  return type === "u32" ? `((${a} ${operator} ${b}) >>> 0)` : `((${a} ${operator} ${b}) | 0)`;
}
