// Gradients, gradients of gradients, and what becomes of them on the device: Newton's method in Rosenbrock's valley.
//
//   npm run example -- autodiff
import { compile, explain, getDevice, grad, stack, type Tensor, tensor } from "../../mod.ts";

/** Lowest at (1, 1), at the end of a long bent valley in which gradient descent takes thousands of steps. */
function valley(p: Tensor): Tensor {
  const [x, y] = p.unstack() as [Tensor, Tensor];
  const across = y.sub(x.square());
  return x.sub(1).square().add(across.square().mul(100));
}

// A gradient is a function like any other: it is built of the same tensors, so it can be differentiated again.
const slope = grad(valley);
const curvature = (p: Tensor) =>
  stack([0, 1].map((i) => grad((q: Tensor) => slope(q).unstack()[i] as Tensor)(p)));

/** Where the parabola that fits at `p` is lowest. */
function newton(p: Tensor): Tensor {
  const [a, b] = slope(p).unstack() as [Tensor, Tensor];
  const [[aa, ab], [, bb]] = curvature(p)
    .unstack()
    .map((row) => row.unstack()) as [[Tensor, Tensor], [Tensor, Tensor]];
  const determinant = aa.mul(bb).sub(ab.square());
  const move = stack([bb.mul(a).sub(ab.mul(b)), aa.mul(b).sub(ab.mul(a))]).div(determinant);
  return p.sub(move);
}

// Compiled, all of it (the function, two gradients of it, and the solution) is one plan, which is made once.
const step = compile(newton);
let p = tensor([-1.2, 1]);
for (let i = 1; i <= 8; i++) {
  p = step(p);
  const [x, y] = (await p.data()) as Float32Array;
  console.log(
    `step ${i}: (${x?.toFixed(4)}, ${y?.toFixed(4)}), height ${(await valley(p).item()).toExponential(1)}`,
  );
}
const { kernels, dispatches } = explain(step, p);
console.log(`kernels of a step: ${kernels.length}, launches: ${dispatches}`);
(await getDevice()).destroy(); // an open device holds the program
