import { attentionSection } from "./attention-section.ts";
import { lineChart } from "./chart.ts";
import type { ReportData } from "./data.ts";
import { mapSection } from "./map-section.ts";
import { escaped } from "./markup.ts";
import { patchScript } from "./patch-script.ts";
import { patchSection } from "./patch-section.ts";
import { filterSection, neighbourSection, viewSection } from "./picture-sections.ts";
import { reportScript } from "./script.ts";
import { section } from "./section.ts";
import { reportStyle } from "./style.ts";
import { confusionSection, damageSection, scoreTable } from "./tables.ts";

/**
 * A run as one page: a file that stands for itself, asks the network for nothing, and shows what was learned.
 *
 * All text that comes from the data is escaped, and the page forbids itself to load anything.
 *
 * @example
 *   await writeFile("report.html", await reportPage(data));
 *
 * Source: training/report/page.ts.
 */
export async function reportPage(data: ReportData): Promise<string> {
  const sections = [
    notesSection(data.notes),
    section("What was learned", scoreTable(data.table, data.bars) + legendOf(data.legend)),
    curvesSection(data),
    await mapSection(data.map),
    await neighbourSection(data.neighbours),
    await attentionSection(data.looks),
    await patchSection(data.looks),
    await viewSection(data.views),
    await filterSection(data.filters),
    fewLabelSection(data),
    confusionSection(data.confusion),
    configurationSection(data.configuration),
    damageSection(data.damage),
  ];
  const policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(data.title)}</title>
<style>${reportStyle}</style>
</head>
<body>
<header>
<div class="brand">Morlet</div>
<h1>${escaped(data.title)}</h1>
${data.about.map((line) => `<p class="soft">${escaped(line)}</p>`).join("\n")}
<p class="verdict">${escaped(data.verdict)}</p>
</header>
${sections.filter(Boolean).join("\n")}
<footer>This file holds everything it shows and asks the network for nothing.</footer>
<script>${reportScript}${patchScript}</script>
</body>
</html>
`;
}

const legendOf = (lines: readonly string[]): string =>
  lines.map((line) => `<p class="legend-line">${escaped(line)}</p>`).join("");

function notesSection(notes: readonly string[]): string {
  const items = notes.map((note) => `<li>${escaped(note)}</li>`).join("");
  return items && section("Worth knowing", `<ul>${items}</ul>`, "notes");
}

function curvesSection({ loss, monitors }: ReportData): string {
  const charts = [
    lineChart(loss, { title: "Loss", x: "step", wide: true }),
    ...monitors.map(({ title, series }) => lineChart(series, { title, x: "step" })),
  ].filter(Boolean);
  return charts.length === 0 ? "" : section("Training", `<div class="charts">${charts.join("")}</div>`);
}

function fewLabelSection({ fewLabels }: ReportData): string {
  const series = fewLabels.map(({ name, points }) => ({
    name,
    points: points.map(({ perClass, mean }): [number, number] => [perClass, mean * 100]),
    margins: points.map(({ deviation }) => deviation * 100),
  }));
  const chart = lineChart(series, {
    title: "Accuracy of a linear classifier, mean and spread over draws (%)",
    ...{ x: "labels of each class", logX: true, wide: true, format: (y: number) => `${y.toFixed(0)} %` },
  });
  return chart && section("With few labels", chart);
}

function configurationSection(entries: ReportData["configuration"]): string {
  const list = entries
    .map(([name, value]) => `<div><dt>${escaped(name)}</dt><dd>${escaped(value)}</dd></div>`)
    .join("");
  return list && section("Configuration", `<dl>${list}</dl>`);
}
