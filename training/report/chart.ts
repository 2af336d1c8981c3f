import { escaped } from "./markup.ts";

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** A faint line lies behind the others. Default false. */
  readonly faint?: boolean;
  /** Half the height of a band around each point. */
  readonly margins?: readonly number[];
}

export interface ChartOptions {
  readonly title: string;
  /** What the x axis counts. */
  readonly x: string;
  readonly format?: (y: number) => string;
  /** Draws x by its logarithm. */
  readonly logX?: boolean;
  /** In units of the drawing, 940 wide for `wide` and 310 otherwise. */
  readonly wide?: boolean;
  /** Values that the y axis must show. */
  readonly include?: readonly number[];
}

const LEFT = 46;
const TOP = 14;
const BOTTOM = 30;
const RIGHT = 14;
/** Points of a line; more are averaged. */
const MOST_POINTS = 400;

/** Lines over a common x axis, as an SVG element with its numbers in reach of the page's script. */
export function lineChart(series: readonly Series[], options: ChartOptions): string {
  const shown = series.map((each) => thinned(each)).filter(({ points }) => points.length > 0);
  const { wide = false, logX = false, format = short } = options;
  const [width, height] = wide ? [940, 260] : [310, 170];
  const xs = shown.flatMap(({ points }) => points.map(([x]) => x));
  const ys = shown.flatMap(({ points, margins }) =>
    points.flatMap(([, y], i) => [y - (margins?.[i] ?? 0), y + (margins?.[i] ?? 0)]),
  );
  if (xs.length === 0) return "";
  const yTicks = ticks(
    Math.min(...ys, ...(options.include ?? [])),
    Math.max(...ys, ...(options.include ?? [])),
    wide ? 5 : 4,
  );
  const [low = 0, high = 1] = [yTicks[0], yTicks.at(-1)];
  const place = logX ? Math.log : (x: number) => x;
  const [first, last] = [place(Math.min(...xs)), place(Math.max(...xs))];
  const right = width - RIGHT;
  const bottom = height - BOTTOM;
  const toX = (x: number) => LEFT + ((right - LEFT) * (place(x) - first)) / Math.max(last - first, 1e-12);
  const toY = (y: number) => bottom - ((bottom - TOP) * (y - low)) / Math.max(high - low, 1e-12);
  const at = (x: number, y: number) => `${toX(x).toFixed(1)},${toY(y).toFixed(1)}`;
  const xTicks = logX
    ? [...new Set(xs)]
    : ticks(Math.min(...xs), Math.max(...xs), wide ? 6 : 4).filter(
        (x) => x >= Math.min(...xs) && x <= Math.max(...xs),
      );
  const parts = [
    ...yTicks.map(
      (y) =>
        `<path class="grid" d="M${LEFT} ${toY(y).toFixed(1)}H${right}"/><text class="y" x="${LEFT - 7}" y="${(toY(y) + 3.5).toFixed(1)}">${escaped(format(y))}</text>`,
    ),
    ...xTicks.map(
      (x) => `<text class="x" x="${toX(x).toFixed(1)}" y="${bottom + 15}">${escaped(short(x))}</text>`,
    ),
    `<text class="unit" x="${right}" y="${height - 3}">${escaped(options.x)}</text>`,
  ];
  let colour = 0;
  for (const { faint, points, margins } of shown) {
    const mark = faint ? "faint" : `s${colour++}`;
    if (margins) {
      const over = points.map(([x, y], i) => at(x, y + (margins[i] ?? 0)));
      const under = points.map(([x, y], i) => at(x, y - (margins[i] ?? 0))).reverse();
      parts.push(`<polygon class="band ${mark}" points="${[...over, ...under].join(" ")}"/>`);
    }
    if (points.length === 1) {
      const [x, y] = points[0] as readonly [number, number];
      parts.push(`<circle class="dot ${mark}" cx="${toX(x).toFixed(1)}" cy="${toY(y).toFixed(1)}" r="3"/>`);
    } else
      parts.push(`<polyline class="line ${mark}" points="${points.map(([x, y]) => at(x, y)).join(" ")}"/>`);
  }
  const numbers = shown.map(({ name, points }) => ({
    name,
    points: points.map(([x, y]) => [toX(x), toY(y), `${short(x)}`, format(y)]),
  }));
  return `<figure class="chart${wide ? " wide" : ""}"><figcaption><b>${escaped(options.title)}</b>${legend(shown)}</figcaption><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(options.title)}" data-x="${escaped(options.x)}" data-series="${escaped(JSON.stringify(numbers))}">${parts.join("")}</svg></figure>`;
}

function legend(series: readonly Series[]): string {
  if (series.length < 2) return "";
  let colour = 0;
  return series
    .map(({ name, faint }) => `<span class="key ${faint ? "faint" : `s${colour++}`}">${escaped(name)}</span>`)
    .join("");
}

/** Means of neighbouring points where there are too many. */
function thinned(series: Series): Series {
  const { points } = series;
  if (points.length <= MOST_POINTS) return series;
  const size = points.length / MOST_POINTS;
  const kept = Array.from({ length: MOST_POINTS }, (_, i): [number, number] => {
    const part = points.slice(Math.floor(i * size), Math.floor((i + 1) * size));
    const mean = (axis: 0 | 1) => part.reduce((sum, point) => sum + point[axis], 0) / part.length;
    return [mean(0), mean(1)];
  });
  return { ...series, points: kept };
}

/** Round numbers from below `low` to above `high`. */
export function ticks(low: number, high: number, wanted: number): number[] {
  if (!(high > low)) return [low - 0.5 * (Math.abs(low) || 1), low, low + 0.5 * (Math.abs(low) || 1)];
  const rough = (high - low) / wanted;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * ([1, 2, 5, 10].find((factor) => factor * unit >= rough) ?? 10);
  const from = Math.floor(low / step + 1e-9);
  const to = Math.ceil(high / step - 1e-9);
  return Array.from({ length: to - from + 1 }, (_, i) => Number(((from + i) * step).toPrecision(12)));
}

/** A number in few characters. */
export function short(x: number): string {
  const size = Math.abs(x);
  if (size !== 0 && size < 0.001) return x.toExponential(1);
  if (size >= 1e6) return `${Number((x / 1e6).toPrecision(3))}M`;
  if (size >= 1e4) return `${Number((x / 1e3).toPrecision(3))}k`;
  return String(Number(x.toPrecision(3)));
}
