import {
  type KernelBinding,
  type KernelProgram,
  loadText,
  type ProgramParts,
  program,
  storeText,
} from "../program.ts";
import type { LoopSpec, Store } from "../spec.ts";
import type { Step } from "./builder.ts";

interface Block {
  readonly lines: string[];
  readonly values: Map<string, string>;
  readonly indent: string;
}

interface Bound {
  readonly name: string;
  readonly depth: number;
}

/** Rounds of a loop that may well be unrolled. */
const FEW_ROUNDS = 8;

/**
 * Writes the steps of a scalar program as WGSL, each into the outermost loop where everything it needs is known.
 * The template opens and closes loops and says which WGSL name each loop variable has at the moment.
 */
export class Emitter {
  readonly #blocks: Block[] = [{ lines: [], values: new Map(), indent: "  " }];
  readonly #variables: Bound[] = [];
  readonly #accumulators: Bound[] = [];
  readonly #uses: Int32Array;
  #counter = 0;

  readonly #spec: LoopSpec;

  constructor(spec: LoopSpec) {
    const { steps } = spec;
    this.#spec = spec;
    this.#uses = new Int32Array(steps.length);
    for (const step of steps) for (const arg of step.args) this.#uses[arg]!++;
  }

  get depth(): number {
    return this.#blocks.length - 1;
  }

  /** From here on loop variable `number` is called `name`; it lives at `depth`, by default the current block. */
  bindVariable(number: number, name: string, depth = this.depth): void {
    this.#variables[number] = { name, depth };
  }

  bindAccumulator(ref: number, name: string, depth = this.depth): void {
    this.#accumulators[ref] = { name, depth };
  }

  /** Names where row-major place `at` within `extents` is along each; the result puts loop variables from `first` on there. */
  unflatten(extents: readonly number[], at: string, first: number): () => void {
    const names: string[] = [];
    let rest = at;
    for (let i = extents.length - 1; i >= 0; i--) {
      const n = extents[i] as number;
      const name = this.fresh("x");
      this.line(`let ${name} = ${i === 0 ? rest : `${rest} % ${n}`};`);
      if (i > 0) rest = `(${rest} / ${n})`;
      names[i] = name;
    }
    const { depth } = this;
    return () => names.forEach((name, i) => void this.bindVariable(first + i, name, depth));
  }

  line(text: string, depth = this.depth): void {
    const block = this.#blocks[depth] as Block;
    block.lines.push(block.indent + text);
  }

  /** A name that no other line uses. */
  fresh(prefix: string): string {
    const name = `${prefix}${this.#counter++}`;
    // A variable of that name would hide the type.
    return /^([iu]32|f(16|32))$/.test(name) ? this.fresh(prefix) : name;
  }

  open(header: string): void {
    const indent = `${(this.#blocks[this.depth] as Block).indent}  `;
    this.#blocks.push({ lines: [header], values: new Map(), indent });
  }

  /** Opens a loop of so many rounds. */
  loop(name: string, rounds: number | string): void {
    // Mesa unrolls 32 rounds and less, unless they begin at a 0 that it does not know: kernels of short rows took ten
    // times as long to compile, and run as fast without.
    const kept = this.#spec.keepLoops && Number(rounds) > FEW_ROUNDS && Number(rounds) <= 32;
    this.open(`for (var ${name} = ${kept ? "i32(lane >> 16u)" : 0}; ${name} < ${rounds}; ${name}++) {`);
  }

  close(): void {
    const inner = this.#blocks.pop() as Block;
    const outer = this.#blocks[this.depth] as Block;
    const [header, ...rest] = inner.lines;
    outer.lines.push(outer.indent + header, ...rest, `${outer.indent}}`);
  }

  /** The WGSL name or expression of a step's value, as `user` needs it: the step that it is for, or null for any. */
  value(id: number, user: Step | null = null): string {
    const step = this.#spec.steps[id] as Step;
    if (step.kind === "variable") return (this.#variables[step.ref] as Bound).name;
    if (step.kind === "accumulator") return (this.#accumulators[step.ref] as Bound).name;
    if (step.args.length === 0) return step.text;
    const { key, depth } = this.#place(id, step);
    const block = this.#blocks[depth] as Block;
    const known = block.values.get(key);
    if (known !== undefined) return known;
    const expression = this.#expression(step);
    const shared = user === null || this.#uses[id]! > 1 || step.kind === "load";
    const sameLoop =
      user !== null && user.variables === step.variables && user.accumulators === step.accumulators;
    if (!shared && sameLoop && expression.length < 72) return expression;
    const name = this.fresh("v");
    this.line(`let ${name} = ${expression};`, depth);
    block.values.set(key, name);
    return name;
  }

  /** From here on the value of a step is called `name`. */
  rename(id: number, name: string): void {
    const { key, depth } = this.#place(id, this.#spec.steps[id] as Step);
    (this.#blocks[depth] as Block).values.set(key, name);
  }

  /** All values first, then all stores: a buffer updated in place is read before it is written. */
  store(stores: readonly Store[]): void {
    const lines = stores.map(({ binding, dtype, value, at }) => {
      const text = this.value(value);
      return storeText(dtype, (this.#spec.bindings[binding] as KernelBinding).name, this.value(at), text);
    });
    for (const line of lines) this.line(line);
  }

  /** The kernel with all that has been written. */
  kernel(parts: Omit<ProgramParts, "name" | "bindings" | "cost" | "body">): KernelProgram {
    const { name, bindings, cost } = this.#spec;
    return program({ name, bindings, cost, ...parts, body: (this.#blocks[0] as Block).lines.join("\n") });
  }

  #expression(step: Step): string {
    const args = step.args.map((arg) => this.value(arg, step));
    if (step.kind === "load") {
      const binding = this.#spec.bindings[step.ref] as KernelBinding;
      return loadText(binding.dtype, binding.name, args[0] as string);
    }
    return step.text.replace(/\$(\d)/g, (_, i) => args[Number(i)] as string);
  }

  /** Where a step belongs, and what tells its value apart from that of other iterations. */
  #place(id: number, step: Step): { key: string; depth: number } {
    let key = String(id);
    let depth = 0;
    const visit = (bits: number, bound: readonly (Bound | undefined)[], tag: string): void => {
      for (let i = 0; bits >> i !== 0; i++) {
        if (((bits >> i) & 1) === 0) continue;
        const b = bound[i] as Bound;
        key += `${tag}${b.name}`;
        depth = Math.max(depth, b.depth);
      }
    };
    visit(step.variables, this.#variables, "|");
    visit(step.accumulators, this.#accumulators, "&");
    return { key, depth };
  }
}
