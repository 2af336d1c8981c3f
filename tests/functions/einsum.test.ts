import { expect, test } from "vitest";
import { einsum } from "../../engine/functions/einsum.ts";
import { eachPosition } from "../../engine/ops/host-loops.ts";
import * as m from "../../mod.ts";
import { errorOf, useNodeDevice } from "./check.ts";
import { checkGrids, type ExpectedGrid, Grid, zeros } from "./grids.ts";
import { checkGradients, operand } from "./host-gradients.ts";

useNodeDevice();

/** Every combination of all indices, one after the other. */
function byLoops(inputs: readonly string[], output: string, operands: readonly Grid[]): Grid {
  const labels = [...new Set(inputs.join(""))];
  const sizes = labels.map((l) =>
    Math.max(
      ...inputs.flatMap((names, i) =>
        [...names].map((n, a) => (n === l ? (operands[i] as Grid).shape[a]! : 1)),
      ),
    ),
  );
  const result = zeros([...output].map((l) => sizes[labels.indexOf(l)] as number));
  eachPosition(sizes, (at) => {
    const place = (names: string, shape: readonly number[]) =>
      [...names].map((l, a) => (shape[a] === 1 ? 0 : (at[labels.indexOf(l)] as number)));
    const product = inputs.reduce((p, names, i) => {
      const x = operands[i] as Grid;
      return p * x.get(...place(names, x.shape));
    }, 1);
    result.add(place(output, result.shape), product);
  });
  return result;
}

/** The spec, the same without ellipsis and with its result, and the shapes. */
const cases: [string, string, number[][]][] = [
  [
    "ij,jk->ik",
    "ij,jk->ik",
    [
      [2, 3],
      [3, 4],
    ],
  ],
  [
    "ij,jk",
    "ij,jk->ik",
    [
      [2, 3],
      [3, 4],
    ],
  ],
  [
    "ji,kj",
    "ji,kj->ik",
    [
      [2, 3],
      [4, 2],
    ],
  ],
  ["ba", "ba->ab", [[2, 3]]],
  ["ii", "ii->", [[3, 3]]],
  ["ii->i", "ii->i", [[3, 3]]],
  ["iji->ij", "iji->ij", [[3, 2, 3]]],
  ["iii->i", "iii->i", [[2, 2, 2]]],
  ["i,j->ij", "i,j->ij", [[2], [3]]],
  ["i,i", "i,i->", [[3], [3]]],
  [
    "bhid,bhjd->bhij",
    "bhid,bhjd->bhij",
    [
      [2, 2, 3, 4],
      [2, 2, 5, 4],
    ],
  ],
  [
    "...ij,...jk->...ik",
    "abij,bjk->abik",
    [
      [2, 1, 3, 4],
      [5, 4, 2],
    ],
  ],
  [
    "b...,b...",
    "bxy,bxy->xy",
    [
      [2, 3, 4],
      [2, 3, 4],
    ],
  ],
  ["...i->i...", "xyi->ixy", [[2, 3, 4]]],
  [
    "ij, jk, kl -> il",
    "ij,jk,kl->il",
    [
      [2, 3],
      [3, 4],
      [4, 2],
    ],
  ],
  [
    "ij,ij,ij->",
    "ij,ij,ij->",
    [
      [2, 3],
      [2, 3],
      [2, 3],
    ],
  ],
  [
    "abc,cd,be->ade",
    "abc,cd,be->ade",
    [
      [2, 3, 4],
      [4, 2],
      [3, 5],
    ],
  ],
  [
    "ij,kl->",
    "ij,kl->",
    [
      [2, 3],
      [4, 5],
    ],
  ],
  ["i,ij->ij", "i,ij->ij", [[2], [2, 3]]],
  [
    "ij,jk->ik",
    "ij,jk->ik",
    [
      [2, 1],
      [3, 4],
    ],
  ],
];

test("equals the loops that it stands for", async () => {
  const expected = cases.map(([spec, plain, shapes], n): [string, ExpectedGrid] => {
    const operands = shapes.map((shape, i) => Grid.random(shape, 10 * n + i + 1));
    const [left = "", right = ""] = plain.split("->");
    const got = m.einsum(spec, ...operands.map((x) => x.tensor));
    return [`${n}: ${spec}`, [got, byLoops(left.split(","), right, operands)]];
  });
  await checkGrids(Object.fromEntries(expected));
});

test("gradients", () => {
  for (const [spec, , shapes] of cases) {
    const operands = shapes.map((shape, i) => operand(shape, i + 1));
    checkGradients((...xs) => einsum(spec, ...xs), operands);
  }
});

test("refuses what makes no sense", () => {
  const x = m.zeros([2, 3]);
  expect(errorOf(() => m.einsum("ij,jk", x)).name).toBe("AxisError");
  expect(errorOf(() => m.einsum("i1", x)).problem).toBe('"i1" is no list of axes');
  expect(errorOf(() => m.einsum("ij->ii", x)).problem).toBe("an axis of the result is named twice");
  expect(errorOf(() => m.einsum("ij->k", x)).problem).toBe('axis "k" of the result is in no operand');
  expect(errorOf(() => m.einsum("ijk", x)).name).toBe("ShapeError");
  expect(errorOf(() => m.einsum("ij,jk", x, m.zeros([4, 2]))).problem).toBe('axis "j" has sizes 3 and 4');
});
