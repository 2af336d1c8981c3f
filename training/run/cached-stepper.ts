import {
  arange,
  type Compiled,
  type CompileOptions,
  compile,
  concat,
  scalar,
  type Tensor,
  take,
  treeDispose,
  treeLeaves,
  treeMap,
  valueAndGrad,
  vjp,
  zeros,
} from "../../mod.ts";
import { mapPaths } from "../../models/nn/tree-paths.ts";
import type { Rows, StepParts, StepResult, StepValues } from "../method.ts";
import { type Launched, read, type Stepper, scalars, type Told, tell } from "./stepper.ts";

/** Running statistics that a pass has changed, by their paths in the model. */
type Statistics = Readonly<Record<string, Tensor>>;

/** Gradients of the pieces so far. */
type Sums = { readonly grads: unknown };

/**
 * The functions that a step in parts is made of, each compiled by itself, so that no more than one micro-batch's
 * intermediate results are ever in memory.
 */
export function cachedFunctions<S>(parts: StepParts<S>, microBatch: number) {
  /** What the parts see as the state of the step. Of `views` only the keys are left when this is compiled. */
  const stateOf = (state: S, images: Tensor, at: StepValues, phase: string): S =>
    parts.views(state, images, at, phase).state;

  const views = (state: S, images: Tensor, at: StepValues, phase: string): Rows =>
    parts.views(state, images, at, phase).views;

  /** Phase 1: what the loss sees of a micro-batch; nothing is kept for the way back. */
  const encode = (
    state: S,
    images: Tensor,
    all: Rows,
    first: Tensor,
    at: StepValues,
    phase: string,
    statistics: Statistics,
  ) => {
    const now = stateOf(state, images, at, phase);
    const model = withStatistics(parts.model(now), statistics);
    const { rows, model: seen } = parts.encode(model, some(all, images, first), now, at);
    return { rows, statistics: changed(parts.model(now), seen) };
  };

  /** Phase 2: the loss of the whole batch, and its gradient with respect to what it sees. */
  const loss = (state: S, images: Tensor, rows: readonly Rows[], at: StepValues, phase: string) => {
    const now = stateOf(state, images, at, phase);
    const names: { metrics: StepResult<S>["metrics"] } = { metrics: {} };
    const { value, grads } = valueAndGrad((pieces: readonly Rows[]) => {
      const given = parts.loss(joined(pieces), now, at);
      if (!("loss" in given)) return given;
      names.metrics = given.metrics ?? {};
      return { loss: given.loss, aux: given.metrics };
    })(rows);
    return { loss: value, cotangents: grads, metrics: names.metrics };
  };

  /** Phase 3: a micro-batch once more, now with its way back; gradients add up. */
  const backward = (
    sums: Sums,
    state: S,
    images: Tensor,
    all: Rows,
    first: Tensor,
    cotangents: Rows,
    at: StepValues,
    phase: string,
  ) => {
    const now = stateOf(state, images, at, phase);
    const piece = some(all, images, first);
    const { pullback } = vjp((model: unknown) => parts.encode(model, piece, now, at).rows, parts.model(now));
    const [grads] = pullback(cotangents) as [unknown];
    return { sums: { grads: treeMap(added, sums.grads, grads) } };
  };

  /** Phase 4: the step itself. */
  const update = (
    state: S,
    images: Tensor,
    grads: unknown,
    statistics: Statistics,
    at: StepValues,
    phase: string,
    before: { readonly loss: Tensor; readonly metrics: StepResult<S>["metrics"] },
  ) => {
    const now = stateOf(state, images, at, phase);
    const model = withStatistics(parts.model(now), statistics);
    const { state: next, metrics } = parts.update(now, model, grads, at);
    return { state: next, told: tell(before.loss, { ...before.metrics, ...metrics }) };
  };

  /** Some images' part of rows of the whole batch. */
  function some(all: Rows, images: Tensor, first: Tensor): Rows {
    const batch = images.shape[0] as number;
    return treeMap((x) => {
      const perImage = (x.shape[0] as number) / batch;
      return take(x, first.mul(perImage).add(arange(microBatch * perImage)), { axis: 0 });
    }, all);
  }

  /** What gradients are added to first. With it `backward` is one plan, and not a second one for the first piece. */
  const nothing = (state: S): Sums => ({
    grads: treeMap((x) => zeros(x.shape, { dtype: x.dtype }), parts.model(state)),
  });

  return { views, encode, loss, backward, update, nothing };
}

/**
 * A step whose batch goes through the model piece by piece: encode all pieces and forget how, take the gradient of the
 * loss with respect to what came out, and go through each piece again with its share of it. The gradient is that of the
 * whole batch, but for rounding; encoding is done twice.
 *
 * Source: training/run/cached-stepper.ts. Paper: Gao et al. 2021, "Scaling deep contrastive learning batch size under
 * memory limited setup" (GradCache).
 */
export function cachedStepper<S>(
  name: string,
  parts: StepParts<S>,
  batch: number,
  microBatch: number,
  activations?: CompileOptions["activations"],
): Stepper<S> {
  const functions = cachedFunctions(parts, microBatch);
  const named = (part: string, donate = true) => ({ name: `${name}: ${part}`, donate });
  const views = compile(functions.views, named("views", false));
  const encode = compile(functions.encode, named("encode"));
  const loss = compile(functions.loss, named("loss", false));
  const backward = compile(functions.backward, { ...named("backward"), activations });
  const update = compile(functions.update, named("update"));
  let nothing: Sums | null = null;
  const firsts = Array.from({ length: batch / microBatch }, (_, i) => scalar(i * microBatch, "i32"));

  function launch(
    state: S,
    images: Tensor,
    values: Readonly<Record<string, number>>,
    phase: string,
  ): Launched<S> {
    const at = scalars(values);
    const all = views(state, images, at, phase);
    let statistics: Statistics = {};
    const rows = firsts.map((first) => {
      const out = encode(state, images, all, first, at, phase, statistics);
      statistics = out.statistics;
      return out.rows;
    });
    const known = loss(state, images, rows, at, phase);
    treeDispose(rows);
    nothing ??= functions.nothing(state);
    let sums = nothing;
    firsts.forEach((first, i) => {
      const cotangents = known.cotangents[i];
      ({ sums } = backward(sums, state, images, all, first, cotangents, at, phase));
      treeDispose(cotangents);
    });
    treeDispose(all);
    const { state: next, told }: { state: S; told: Told } = update(
      state,
      images,
      sums.grads,
      statistics,
      at,
      phase,
      { loss: known.loss, metrics: known.metrics },
    );
    const used = [sums, statistics, known.loss, known.metrics];
    const result = read(told);
    result.catch(() => undefined);
    return {
      state: next,
      told: result,
      dispose: () => treeDispose([...used, told.numbers, at]),
    };
  }

  return {
    launch,
    dispose() {
      for (const each of [views, encode, loss, backward, update] as Compiled<never[], unknown>[])
        each.dispose();
      treeDispose([firsts, nothing]);
    },
  };
}

function withStatistics(model: unknown, statistics: Statistics): unknown {
  return mapPaths(model, (leaf, path) => statistics[path] ?? leaf);
}

function changed(before: unknown, after: unknown): Statistics {
  const old = new Map(treeLeaves(before).map(({ path, value }) => [path, value]));
  const entries = treeLeaves(after).filter(({ path, value }) => old.get(path) !== value);
  return Object.fromEntries(entries.map(({ path, value }) => [path, value]));
}

const joined = (pieces: readonly Rows[]): Rows =>
  treeMap((first, ...rest) => concat([first, ...rest], { axis: 0 }), pieces[0], ...pieces.slice(1));

const added = (a: Tensor, b?: Tensor): Tensor =>
  a.dtype === "f32" || a.dtype === "f16" ? a.add(b as Tensor) : a;
