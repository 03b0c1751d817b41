/** The page's style sheet. Colours are chosen to be told apart without their hue, and on both backgrounds. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --back: #fff; --card: #f6f7f9; --text: #1b1f24; --soft: #59636e; --line: #d4d9df; --link: #0b5cad;
  --c: #6e7781; --ours: #0f7fae; --peer: #d9822b; --warn: #fff4d6; --warn-line: #e0b63f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #101418; --card: #181d23; --text: #e6e9ed; --soft: #9aa5b1; --line: #323a44; --link: #6cb6ff;
    --c: #8c97a3; --ours: #35a8d8; --peer: #e8995a; --warn: #2b2413; --warn-line: #7a6322;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
header, main { max-width: 964px; margin: 0 auto; padding: 0 16px; }
header { padding-top: 24px; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 4px; }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 0 0 8px; }
h3 { font-size: 1.05rem; margin: 28px 0 8px; }
main > section { margin: 40px 0; }
main > section > h2 { border-bottom: 2px solid var(--line); padding-bottom: 4px; }
a { color: var(--link); }
nav { display: flex; flex-wrap: wrap; gap: 4px 16px; margin-top: 12px; }
.soft { color: var(--soft); margin: 0; }
code { font: 0.92em ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
article { background: var(--card); border: 1px solid var(--line); border-left: 4px solid var(--ours); border-radius: 6px; padding: 14px 18px; margin: 0 0 14px; }
article h2 { font-size: 1.1rem; }
.answer { font-size: 1.05rem; margin: 0; }
aside { background: var(--warn); border: 1px solid var(--warn-line); border-radius: 6px; padding: 12px 18px; }
aside h2 { font-size: 1rem; margin-bottom: 2px; }
ul { padding-left: 20px; margin: 4px 0; }
details { margin-top: 10px; }
summary { cursor: pointer; color: var(--link); width: max-content; max-width: 100%; }
.charts { display: grid; gap: 24px; grid-template-columns: repeat(2, minmax(0, 1fr)); }
figure { grid-column: 1 / -1; } figure.minor { grid-column: auto; }
.variant { border: 1px solid var(--line); border-radius: 6px; padding: 8px 14px; }
figure { margin: 0; min-width: 0; }
.narrow { display: none; }
figcaption { font-size: 0.9rem; color: var(--soft); margin-bottom: 8px; }
figcaption b { color: var(--text); font-size: 1rem; margin-right: 4px; }
.keys { white-space: nowrap; }
.key { color: var(--text); margin-left: 10px; }
.key::before { content: ""; display: inline-block; width: 11px; height: 11px; border-radius: 2px; margin-right: 5px; background: currentColor; }
.key.c::before { background: var(--c); } .key.ours::before { background: var(--ours); } .key.peer::before { background: var(--peer); }
svg { display: block; max-width: 100%; height: auto; overflow: visible; }
.plot text { white-space: pre; }
.table { overflow-x: auto; margin: 14px 0 0; border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: collapse; font-size: 0.86rem; font-variant-numeric: tabular-nums; width: 100%; }
th, td { padding: 5px 12px; text-align: right; vertical-align: top; border-bottom: 1px solid var(--line); }
tbody tr:last-child > * { border-bottom: 0; }
thead th { vertical-align: bottom; background: var(--card); font-weight: 600; min-width: 5.5em; }
td { white-space: nowrap; }
#void td, #void th, #left-out td, #left-out th { text-align: left; white-space: normal; overflow-wrap: anywhere; }
th:first-child { text-align: left; position: sticky; left: 0; background: var(--back); font-weight: 600; border-right: 1px solid var(--line); white-space: nowrap; }
thead th:first-child, article th:first-child { background: var(--card); }
article .table { background: var(--card); }
tr.c > th { box-shadow: inset 4px 0 var(--c); } tr.ours > th { box-shadow: inset 4px 0 var(--ours); } tr.peer > th { box-shadow: inset 4px 0 var(--peer); }
td small, th small { display: block; color: var(--soft); font-size: 0.85em; font-weight: 400; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; font-size: 0.9rem; margin: 6px 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 620px) {
  body { font-size: 15px; }
  .wide { display: none; }
  .narrow { display: block; }
  .narrow svg { margin: 0 auto; }
  article { padding: 12px 14px; }
  th, td { padding: 5px 9px; }
  .charts { grid-template-columns: minmax(0, 1fr); }
  th:first-child { min-width: 36vw; max-width: 44vw; white-space: normal; overflow-wrap: anywhere; }
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: 6px; }
}
`;
