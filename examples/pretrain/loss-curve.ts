const SVG = "http://www.w3.org/2000/svg";
const LEFT = 44;
const RIGHT = 632;
const TOP = 12;
const BOTTOM = 176;

/** A line that grows with the training. */
export class LossCurve {
  private readonly losses: number[] = [];
  private readonly steps: number;
  private readonly line: Element;
  private readonly labels: readonly [top: Element, bottom: Element];

  constructor(svg: Element, steps: number) {
    this.steps = steps;
    const add = (name: string, attributes: Record<string, string | number>): Element => {
      const element = document.createElementNS(SVG, name);
      for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
      svg.append(element);
      return element;
    };
    add("path", { class: "axis", d: `M${LEFT} ${TOP}V${BOTTOM}H${RIGHT}`, fill: "none" });
    add("text", { x: RIGHT, y: BOTTOM + 16, "text-anchor": "end" }).textContent = `${steps} steps`;
    const label = (y: number) => add("text", { x: LEFT - 6, y, "text-anchor": "end" });
    this.labels = [label(TOP + 4), label(BOTTOM)];
    this.line = add("polyline", { class: "curve" });
  }

  add(loss: number): void {
    this.losses.push(loss);
    const [low, high] = [Math.min(...this.losses), Math.max(...this.losses)];
    const span = Math.max(high - low, 0.01);
    const points = this.losses.map((value, i) => {
      const x = LEFT + ((RIGHT - LEFT) * (i + 1)) / this.steps;
      return `${x.toFixed(1)},${(BOTTOM - ((BOTTOM - TOP) * (value - low)) / span).toFixed(1)}`;
    });
    this.line.setAttribute("points", points.join(" "));
    this.labels[0].textContent = high.toFixed(2);
    this.labels[1].textContent = low.toFixed(2);
  }
}
