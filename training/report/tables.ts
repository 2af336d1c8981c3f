import type { ReportData } from "./data.ts";
import { escaped } from "./markup.ts";
import { section } from "./section.ts";

/** The results beside the baselines; the last row is the main one. */
export function scoreTable(table: ReportData["table"], bars: ReportData["bars"]): string {
  const [head, ...rows] = table;
  if (!head || rows.length === 0) return "";
  const values = rows.map((row) => (bars ? Number.parseFloat(row[bars.column] ?? "") : Number.NaN));
  const most = Math.max(...values.filter(Number.isFinite), 1e-9);
  const bar = (value: number) =>
    Number.isFinite(value)
      ? `<span class="bar" style="width:${((100 * Math.max(0, value)) / most).toFixed(1)}%"></span>`
      : "";
  const lines = rows.map((cells, i) => {
    const drawn = bars ? `<td class="bars">${bar(values[i] as number)}</td>` : "";
    const main = i === rows.length - 1 ? ` class="main"` : "";
    return `<tr${main}>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join("")}${drawn}</tr>`;
  });
  const titles = head.map((cell) => `<th scope="col">${escaped(cell)}</th>`).join("");
  const title = bars ? `<th scope="col" class="bars">${escaped(bars.title)}</th>` : "";
  return `<div class="scroll"><table><thead><tr>${titles}${title}</tr></thead><tbody>${lines.join("")}</tbody></table></div>`;
}

const MOST_CLASSES = 30;

export function confusionSection(confusion: ReportData["confusion"]): string {
  if (!confusion || confusion.classes.length < 2 || confusion.classes.length > MOST_CLASSES) return "";
  const { counts, classes } = confusion;
  const head = classes.map((name) => `<th scope="col">${escaped(name)}</th>`).join("");
  const rows = counts.map((row, i) => {
    const total = row.reduce((a, b) => a + b, 0);
    const cells = row.map((count, j) => {
      const share = total === 0 ? 0 : count / total;
      const colour = i === j ? "var(--good)" : "var(--bad)";
      const tint = `background:color-mix(in srgb, ${colour} ${Math.round(share * 75)}%, transparent)`;
      return `<td style="${tint}" title="${escaped(`${classes[i]} taken for ${classes[j]}: ${count} of ${total}`)}">${count === 0 ? "" : Math.round(share * 100)}</td>`;
    });
    return `<tr><th scope="row">${escaped(classes[i] as string)}</th>${cells.join("")}</tr>`;
  });
  const table = `<div class="scroll"><table class="heat"><thead><tr><th></th>${head}</tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
  const words = `<p class="soft">Rows are classes, columns what the nearest neighbours took them for, in percent of the row.</p>`;
  return section("What is taken for what", words + table);
}

const MOST_DAMAGE = 200;

export function damageSection(damage: ReportData["damage"]): string {
  if (damage.length === 0) return "";
  const items = damage
    .slice(0, MOST_DAMAGE)
    .map(({ file, problem }) => `<li>${escaped(file)}: ${escaped(problem)}</li>`);
  if (damage.length > MOST_DAMAGE) items.push(`<li>and ${damage.length - MOST_DAMAGE} more</li>`);
  const files = damage.length === 1 ? "1 file was" : `${damage.length} files were`;
  return section("Left out", `<p>${files} left out:</p><ul>${items.join("")}</ul>`);
}
