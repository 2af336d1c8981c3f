// Products of f32: a ladder of squares, and those of a ViT-S step with 32 images, forward and backward.
import { key, normal, type Tensor } from "../../mod.ts";
import { type Bench, kernelSubject } from "../bench.ts";
import { matmul, type Product, repeatsOf, rounds } from "./sizes.ts";

export { openDevice } from "./device.ts";

async function subject(product: Product) {
  const { m, n, k, form } = product;
  const operands = [
    normal(key(1), form === "tn" ? [k, m] : [m, k]),
    normal(key(2), form === "nt" ? [n, k] : [k, n]),
  ];
  return kernelSubject(
    (a, b) => {
      const left = form === "tn" ? (a as Tensor).transpose() : (a as Tensor);
      return left.matmul(form === "nt" ? (b as Tensor).transpose() : (b as Tensor));
    },
    operands,
    { repeats: repeatsOf(product) },
  );
}

export const benches: readonly Bench[] = matmul.map((product) => ({
  name: `matmul ${product.m}x${product.n}x${product.k} ${product.form}`,
  shape: { ...product },
  variants: { float32: () => subject(product) },
  rounds,
}));
