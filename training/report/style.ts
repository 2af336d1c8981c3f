/** The look of a report: light and dark, on screens and on paper. */
export const reportStyle = `
:root { color-scheme: light dark;
  --ground: light-dark(#fbfaf8, #14161a); --card: light-dark(#ffffff, #1c1f25); --ink: light-dark(#1d2126, #e9ebee);
  --soft: light-dark(#626b76, #98a1ad); --line: light-dark(#e5e2dc, #30353d); --accent: light-dark(#0f6e84, #5cc3da);
  --good: light-dark(#1b7f4b, #5fcf95); --bad: light-dark(#b3402a, #f08a72);
  --c0: light-dark(#0f7f98, #4fc3dc); --c1: light-dark(#d2601a, #f39a5b); --c2: light-dark(#6a51a3, #b09be6);
  --c3: light-dark(#2f8a4c, #6fd093); --c4: light-dark(#c22f5a, #f27f9f); --c5: light-dark(#a07a00, #e3c04d);
  --c6: light-dark(#3563c4, #86acf7); --c7: light-dark(#8a5a3c, #c99a78); --c8: light-dark(#5f7f12, #a9cc52);
  --c9: light-dark(#6b7280, #b5bcc7); }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 2.6rem 1.4rem 4rem; background: var(--ground); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; }
header { margin-bottom: 1.6rem; }
.brand { color: var(--accent); font-weight: 600; letter-spacing: .02em; font-size: .85rem; }
h1 { font-size: 1.9rem; line-height: 1.15; margin: .15rem 0 .5rem; overflow-wrap: anywhere; text-wrap: balance; }
h2 { font-size: 1.08rem; margin: 0 0 .8rem; }
p { margin: 0 0 .5rem; }
.soft, .legend-line { color: var(--soft); }
.legend-line { font-size: .86rem; margin: .15rem 0 0; } .legend-line:first-of-type { margin-top: .8rem; }
.verdict { font-size: 1.12rem; max-width: 52rem; margin-top: .9rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .7rem; padding: 1.15rem 1.3rem 1.25rem;
  margin: 0 0 1.1rem; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 0 1.1rem; align-items: start; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .42rem .7rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--soft); font-weight: 500; font-size: .88rem; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
tbody tr:last-child td { border-bottom: 0; }
tr.main td { font-weight: 650; }
td .bar { display: inline-block; height: .55rem; border-radius: 0 .2rem .2rem 0; background: var(--c9); opacity: .55; vertical-align: middle; }
tr.main td .bar { background: var(--accent); opacity: 1; }
td.bars, th.bars { width: 38%; text-align: left; }
dl { columns: 24rem; column-gap: 2rem; margin: 0; font-size: .92rem; }
dl div { display: grid; grid-template-columns: 8.5rem 1fr; gap: 0 1rem; break-inside: avoid; padding: .1rem 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
details summary { cursor: pointer; color: var(--soft); }
ul { margin: 0; padding-left: 1.1rem; } li { overflow-wrap: anywhere; }
.notes { border-left: 3px solid var(--bad); }
figure { margin: 0; } figcaption { font-size: .9rem; margin-bottom: .25rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 18rem), 1fr)); gap: 1rem 1.4rem; }
.chart { position: relative; } .chart.wide { grid-column: 1 / -1; }
svg { width: 100%; height: auto; display: block; overflow: visible; }
svg text { fill: var(--soft); font-size: 10.5px; font-variant-numeric: tabular-nums; }
svg .y { text-anchor: end; } svg .x { text-anchor: middle; } svg .unit { text-anchor: end; }
.grid { stroke: var(--line); stroke-width: 1; fill: none; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.line.faint { stroke: var(--c9); stroke-width: 1; opacity: .6; }
.s0 { stroke: var(--c0); } .s1 { stroke: var(--c1); } .s2 { stroke: var(--c2); } .s3 { stroke: var(--c3); }
.band { opacity: .14; stroke: none; } .band.s0, .dot.s0 { fill: var(--c0); } .band.s1, .dot.s1 { fill: var(--c1); }
.band.s2, .dot.s2 { fill: var(--c2); } .band.s3, .dot.s3 { fill: var(--c3); } .dot { stroke: none; }
.key { margin-left: .9rem; color: var(--soft); font-size: .85rem; }
.key::before { content: ""; display: inline-block; width: .8rem; height: 3px; border-radius: 2px; margin-right: .35rem; vertical-align: middle; background: var(--c9); }
.key.s0::before { background: var(--c0); } .key.s1::before { background: var(--c1); }
.key.s2::before { background: var(--c2); } .key.s3::before { background: var(--c3); }
.cross { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 2 3; }
.tip { position: absolute; pointer-events: none; background: var(--ink); color: var(--ground); font-size: .78rem; padding: .2rem .5rem;
  border-radius: .35rem; white-space: nowrap; transform: translate(-50%, -120%); z-index: 2; }
.tile { display: inline-block; background-repeat: no-repeat; image-rendering: pixelated; border-radius: 3px; flex: none; }
.mapbox { display: grid; grid-template-columns: minmax(0, 1fr) 15rem; gap: 1.3rem; }
.plot { position: relative; aspect-ratio: 1; width: 100%; max-width: 46rem; border: 1px solid var(--line); border-radius: .5rem; overflow: hidden; touch-action: none; }
.plot svg { width: 100%; height: 100%; }
.plot circle { cursor: pointer; opacity: .82; }
.plot circle.off { opacity: .07; pointer-events: none; } .plot circle.on { stroke: var(--ink); stroke-width: .45; opacity: 1; }
.plot .tile { position: absolute; transform: translate(-50%, -50%); border-radius: 2px; pointer-events: none; }
.plot .tile.off { opacity: .06; }
.side button, .side label { font: inherit; font-size: .88rem; }
.side button { display: flex; align-items: center; gap: .45rem; width: 100%; text-align: left; background: none; border: 0; padding: .12rem .3rem;
  color: inherit; cursor: pointer; border-radius: .3rem; }
.side button:hover { background: var(--line); } .side button.off { opacity: .35; }
.side i { width: .7rem; height: .7rem; border-radius: 50%; flex: none; }
.legend { max-height: 17rem; overflow: auto; margin: .5rem 0 .9rem; }
.picked { min-height: 12rem; } .picked .name { font-size: .85rem; overflow-wrap: anywhere; margin: .4rem 0 .6rem; }
.near { display: flex; flex-wrap: wrap; gap: 4px; }
.rows { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 31rem), 1fr)); gap: .7rem 1.6rem; }
.row { display: flex; gap: 5px; align-items: end; } .row > span:first-child { margin-right: 10px; }
.cell { display: inline-flex; flex-direction: column; align-items: center; gap: 1px; font-size: .7rem; color: var(--soft); font-variant-numeric: tabular-nums; }
.cell .right { color: var(--good); font-weight: 650; }
.looks-box { display: grid; gap: 0 1.4rem; } .looks { width: auto; } .looks th, .looks td { padding: 2px 4px 2px 0; border: 0; text-align: center; font-size: .8rem; }
.looks .map, .looks .tile, .looks .veil { display: block; border-radius: 3px; }
.stack, .patched { position: relative; display: block; } .stack .veil { position: absolute; inset: 0; mix-blend-mode: multiply; image-rendering: pixelated; }
.patches { display: flex; flex-wrap: wrap; gap: 12px; margin: .8rem 0; } .patches .found { font-size: .8rem; }
.patched .tile { filter: grayscale(1); } .patched { cursor: crosshair; border-radius: 3px; } .patched:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.glow { position: absolute; inset: 0; width: 100%; height: 100%; opacity: .62; border-radius: 3px; pointer-events: none; }
.spot { position: absolute; border: 1.5px solid #fff; box-shadow: 0 0 0 1px #000a, inset 0 0 0 1px #0006; pointer-events: none; border-radius: 2px; }
.spot.chosen { border-width: 3px; }
.bank { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); gap: 1.2rem; }
.bank img { max-width: 100%; image-rendering: pixelated; border-radius: .3rem; display: block; }
.heat td, .heat th { padding: .22rem .4rem; text-align: center; border: 0; font-size: .8rem; }
.heat th:first-child { text-align: right; max-width: 9rem; overflow: hidden; text-overflow: ellipsis; }
.heat thead th { writing-mode: vertical-rl; transform: rotate(180deg); max-height: 7rem; overflow: hidden; text-overflow: ellipsis; text-align: left; }
footer { color: var(--soft); font-size: .85rem; margin-top: 1.6rem; }
@media (max-width: 48rem) { .mapbox { grid-template-columns: 1fr; } }
@media print { :root { color-scheme: light; } body { max-width: none; padding: 0; font-size: 10.5pt; background: #fff; }
  section { break-inside: avoid; border-color: #ccc; } .plot { max-width: 14cm; } .side button, .side label { break-inside: avoid; }
  .tile, .bar, i, td { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
`;
