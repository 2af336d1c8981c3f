// Discrete Fourier transforms on the host in float64, for building filters and matrices: any length, no speed.

/** Complex numbers, real and imaginary parts apart. */
export interface Complex {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

export const complex = (length: number): Complex => ({
  re: new Float64Array(length),
  im: new Float64Array(length),
});

export const fromReal = (re: ArrayLike<number>): Complex => ({
  re: Float64Array.from(re),
  im: new Float64Array(re.length),
});

/** `X[k] = sum_u x[u] exp(-2 pi i u k / n)`, without scaling. */
export function fft(x: Complex): Complex {
  const n = x.re.length;
  if (n <= 1) return { re: x.re.slice(), im: x.im.slice() };
  const parts = smallestFactor(n);
  const length = n / parts;
  const result = complex(n);
  for (let part = 0; part < parts; part++) {
    const sub = complex(length);
    for (let i = 0; i < length; i++) {
      sub.re[i] = x.re[i * parts + part] as number;
      sub.im[i] = x.im[i * parts + part] as number;
    }
    const { re, im } = fft(sub);
    for (let k = 0; k < n; k++) {
      // The exponent is reduced first, so that large indices lose no digits.
      const angle = (-2 * Math.PI * ((part * k) % n)) / n;
      const cos = Math.cos(angle);
      const sin = Math.sin(angle);
      const a = re[k % length] as number;
      const b = im[k % length] as number;
      result.re[k]! += a * cos - b * sin;
      result.im[k]! += a * sin + b * cos;
    }
  }
  return result;
}

/** The inverse of `fft`, with the factor `1 / n`. */
export function inverseFft(x: Complex): Complex {
  const n = x.re.length;
  const { re, im } = fft({ re: x.im, im: x.re }); // exchanging the parts conjugates on the way in and out
  return { re: im.map((value) => value / n), im: re.map((value) => value / n) };
}

/** `fft` along both axes of a row-major array. */
export function fft2(x: Complex, rows: number, columns: number): Complex {
  const result = { re: x.re.slice(), im: x.im.slice() };
  for (let row = 0; row < rows; row++) transformLine(result, row * columns, 1, columns);
  for (let column = 0; column < columns; column++) transformLine(result, column, columns, rows);
  return result;
}

function transformLine({ re, im }: Complex, start: number, step: number, length: number): void {
  const line = complex(length);
  for (let i = 0; i < length; i++) {
    line.re[i] = re[start + i * step] as number;
    line.im[i] = im[start + i * step] as number;
  }
  const transformed = fft(line);
  for (let i = 0; i < length; i++) {
    re[start + i * step] = transformed.re[i] as number;
    im[start + i * step] = transformed.im[i] as number;
  }
}

function smallestFactor(n: number): number {
  for (let p = 2; p * p <= n; p++) if (n % p === 0) return p;
  return n;
}
