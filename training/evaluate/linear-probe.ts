import { getDevice } from "../../mod.ts";
import { type Classified, classesOf, judge, type Labelled } from "./labelled.ts";
import { lbfgs } from "./lbfgs.ts";
import { RegressionOnDevice } from "./regression-on-device.ts";
import {
  type Regression,
  regressionClasses,
  regressionOnHost,
  regressionSize,
} from "./softmax-regression.ts";
import { standardiser } from "./standardise.ts";

export interface LinearProbeOptions {
  /** Weight of the squared weights beside the mean cross-entropy. Default 0.005. */
  penalty?: number;
  /** Most iterations. Default 500. */
  iterations?: number;
  /** Where the sums are made. Default: on the device if it is a GPU and the task is large enough to pay. */
  on?: "host" | "device";
}

/** Products of a pass from which a GPU is worth the way to it. */
const LARGE = 2 ** 22;

/**
 * Classifies the test rows by softmax regression on standardised features, with the square of the weights as a penalty.
 * The classifier is the minimum of a convex function (L-BFGS), so the result depends on the embeddings alone.
 *
 * @example
 *   const { accuracy, predictions } = await linearProbe({ embeddings: h, labels }, test);
 *
 * Source: training/evaluate/linear-probe.ts.
 */
export async function linearProbe(
  train: Labelled,
  test: Labelled,
  options: LinearProbeOptions = {},
): Promise<Classified> {
  const { penalty = 0.005, iterations = 500 } = options;
  const classes = classesOf(train.labels, test.labels);
  const scale = standardiser(train.embeddings);
  const task: Regression = { rows: scale(train.embeddings), labels: train.labels, classes, penalty };
  const start = new Float64Array(regressionSize(task));
  const products = task.rows.count * start.length;
  // Between a few rows and the other end of a bus lies a wait; a software adapter is the same processor again.
  const place = options.on ?? (products > LARGE && !(await isSoftware()) ? "device" : "host");
  let weights: Float64Array;
  if (place === "device") {
    const device = new RegressionOnDevice(task);
    weights = await lbfgs(device.objective, start, { iterations }).finally(() => device.dispose());
  } else {
    weights = await lbfgs(regressionOnHost(task), start, { iterations });
  }
  return judge(regressionClasses(scale(test.embeddings), weights, classes), test.labels);
}

const isSoftware = async (): Promise<boolean> => (await getDevice()).profile.kind === "software";

/** The accuracy of `linearProbe` alone. */
export const linearProbeAccuracy = async (
  train: Labelled,
  test: Labelled,
  options?: LinearProbeOptions,
): Promise<number> => (await linearProbe(train, test, options)).accuracy;
