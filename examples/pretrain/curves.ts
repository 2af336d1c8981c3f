import type { Monitors } from "../../training/monitors/monitors.ts";
import { lineChart } from "../../training/report/chart.ts";

type Points = [number, number][];

/** The curves of a run while it goes on, drawn as the report draws them, at most once a frame. */
export class Curves {
  private readonly loss: Points = [];
  private readonly monitors: Readonly<Record<string, { title: string; points: Points }>> = {
    spread: { title: "Spread (1: all directions alike, 0: collapsed)", points: [] },
    effectiveRank: { title: "Effective rank", points: [] },
    alignment: { title: "Alignment of views (less is nearer)", points: [] },
    uniformity: { title: "Uniformity (less is more even)", points: [] },
  };
  private readonly into: HTMLElement;
  private waiting = false;

  constructor(into: HTMLElement) {
    this.into = into;
  }

  addLoss(step: number, value: number): void {
    this.loss.push([step, value]);
    this.draw();
  }

  addMonitors(step: number, monitors: Monitors): void {
    const values = monitors as unknown as Readonly<Record<string, number | null | undefined>>;
    for (const [name, { points }] of Object.entries(this.monitors)) {
      const value = values[name];
      if (typeof value === "number" && Number.isFinite(value)) points.push([step, value]);
    }
    this.draw();
  }

  private draw(): void {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      const charts = [
        lineChart([{ name: "loss", points: this.loss }], { title: "Loss", x: "step", wide: true }),
        ...Object.entries(this.monitors).map(([name, { title, points }]) =>
          points.length > 1 ? lineChart([{ name, points }], { title, x: "step" }) : "",
        ),
      ];
      this.into.innerHTML = charts.join("");
    });
  }
}
