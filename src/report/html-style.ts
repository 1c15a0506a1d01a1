/**
 * How reports look, by day and by night. The colours of placements and faults are Okabe and Ito's, which differ
 * for colour-blind eyes, too.
 *
 * @module
 */

/** The style sheet. It loads nothing. */
export const REPORT_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1b1f24; --faint: #5b6470; --rule: #d5dae1; --wash: #f4f6f9; --best: #d9f2e4;
  --focus: #b3005e; --untouched: #e3e7ed;
  --xip: #0072b2; --compressed: #d55e00; --byte_aligned: #aa3377;
  --fill: #d55e00; --hit: #009e73; --other: #7a7f87; --front: #b3005e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171c; --ink: #e6e9ee; --faint: #9aa4b1; --rule: #333a45; --wash: #1d2229; --best: #16402c;
    --focus: #ff7ab8; --untouched: #2a303a;
    --xip: #56b4e9; --compressed: #f0a030; --byte_aligned: #dd8fbf;
    --fill: #f0a030; --hit: #2fbf95; --other: #8a919c; --front: #ff7ab8;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 78rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; border-bottom: 1px solid var(--rule); padding-bottom: .2rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .4rem; }
p { max-width: 60rem; margin: .4rem 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .6rem 0; }
dt { color: var(--faint); } dd { margin: 0; overflow-wrap: anywhere; }
nav a { margin-right: 1rem; }
a { color: var(--xip); }
.note { border-left: 4px solid var(--compressed); background: var(--wash); padding: .5rem .8rem; }
.scroll { overflow-x: auto; max-width: 100%; }
.tall { max-height: 32rem; overflow-y: auto; border: 1px solid var(--rule); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; white-space: nowrap; }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid var(--rule); }
th { background: var(--wash); font-weight: 600; vertical-align: bottom; }
.tall thead th { position: sticky; top: 0; z-index: 1; }
th.name, td.name { text-align: left; }
tbody th.name { min-width: 9rem; max-width: 26rem; white-space: normal; overflow-wrap: anywhere; unicode-bidi: isolate; font-weight: 500; }
tbody th { position: sticky; left: 0; vertical-align: middle; }
td.name { unicode-bidi: isolate; }
td.wrap { text-align: left; white-space: normal; min-width: 24rem; }
tbody tr:hover { background: var(--wash); }
td.best { background: var(--best); font-weight: 600; }
th button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; }
th button::after { content: ' \\2195'; color: var(--faint); }
th[aria-sort=ascending] button::after { content: ' \\2191'; color: var(--ink); }
th[aria-sort=descending] button::after { content: ' \\2193'; color: var(--ink); }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
svg { display: block; max-width: 100%; height: auto; }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
svg .faint { fill: var(--faint); }
svg .axis { stroke: var(--faint); }
svg .grid { stroke: var(--rule); }
svg .front { fill: none; stroke: var(--front); stroke-width: 2; }
svg .point { fill: var(--xip); stroke: var(--paper); stroke-width: 1.5; }
svg .point.onfront { fill: var(--front); }
svg .mark:focus { outline: none; }
svg .mark:focus .point { stroke: var(--focus); stroke-width: 4; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 1.5rem; }
figure { margin: 0; min-width: 0; } figcaption { color: var(--faint); }
.f-xip { fill: var(--xip); } .f-fill { fill: var(--fill); } .f-hit { fill: var(--hit); } .f-other { fill: var(--other); }
.f-compressed { fill: var(--compressed); } .f-byte_aligned { fill: var(--byte_aligned); }
.f-untouched { fill: var(--untouched); }
.cost { fill: none; stroke: var(--ink); stroke-width: 1.5; }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; list-style: none; padding: 0; margin: .5rem 0; }
.legend svg { display: inline-block; vertical-align: -1px; margin-right: .4rem; }
canvas { display: block; width: 100%; }
#told { min-height: 3.2rem; background: var(--wash); padding: .4rem .8rem; margin: .5rem 0; overflow-wrap: anywhere; }
@media print { .tall { max-height: none; } }
`;
