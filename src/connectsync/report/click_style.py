"""How a printed click list looks: on a light screen, a dark one, and on paper."""

STYLE = """\
:root {
  --ink: #1d2733; --soft: #5a6675; --paper: #ffffff; --panel: #f5f7f9;
  --line: #d5dce3; --bad: #b3261e; --care: #8a5a00; --fine: #2b6e3f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6ebf0; --soft: #a3b0bd; --paper: #14191f; --panel: #1c232b;
    --line: #36414d; --bad: #ff9b93; --care: #e9bd6b;
    --fine: #8fd0a3;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; color: var(--ink); background: var(--paper);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "Liberation Sans", sans-serif;
}
main { max-width: 56rem; margin: 0 auto; padding: 2rem 1.25rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.2rem; line-height: 1.3; margin: 0 0 .5rem; }
h3 { font-size: 1rem; margin: 1.25rem 0 0; }
header p { max-width: 44rem; margin: 0; color: var(--soft); }
header strong { color: var(--ink); }
code { font: .85em ui-monospace, "SF Mono", "Liberation Mono", monospace; }
h2 code { color: var(--soft); font-weight: 400; overflow-wrap: anywhere; }
h2, td { overflow-wrap: anywhere; }
section {
  margin: 1.5rem 0; padding: 1.25rem; border: 1px solid var(--line);
  border-radius: .5rem; background: var(--panel);
}
.path {
  display: flex; flex-wrap: wrap; gap: 0 .5rem; list-style: none;
  margin: 0 0 .75rem; padding: 0; font-size: .925rem; font-weight: 600;
}
.path li:not(:last-child)::after {
  content: "\\203a"; margin-left: .5rem; color: var(--soft);
}
.step { margin: .75rem 0 0; }
.step label { display: flex; gap: .75rem; padding-left: .5rem; }
input { flex: none; width: 1.1rem; height: 1.1rem; margin: .2rem 0 0; }
table { width: 100%; margin: .75rem 0 0; border-collapse: collapse; }
th {
  padding: .25rem .5rem; color: var(--soft); font-size: .8rem; font-weight: 600;
  text-align: left;
}
td {
  padding: .5rem; border-top: 1px solid var(--line); background: var(--paper);
  vertical-align: top;
}
tr > :first-child { width: 3.25rem; }
tr > :nth-child(3), tr > :last-child { width: 21%; }
td:nth-child(3) { color: var(--soft); }
em { color: var(--soft); font-style: normal; }
td:last-child { font-weight: 600; }
small { display: block; color: var(--soft); font-size: .85rem; line-height: 1.4; }
small b { margin-right: .25rem; }
.safe b { color: var(--fine); }
.caution b { color: var(--care); }
.disruptive b { color: var(--bad); }
footer { color: var(--soft); font-size: .875rem; overflow-wrap: anywhere; }
footer ul { margin: 0; padding-left: 1.25rem; }
@media (max-width: 34rem) {
  main { padding: 1rem .75rem; }
  section { padding: .75rem; }
  thead { display: none; }
  tr { display: grid; grid-template-columns: 2.25rem 1fr; }
  td { grid-column: 2; border: 0; padding: 0 .5rem .25rem 0; }
  td:first-child { grid-column: 1; grid-row: 1 / 4; padding: .35rem .5rem; }
  td:nth-child(2) { padding-top: .5rem; }
  tr > :nth-child(n) { width: auto; }
  tr { border-top: 1px solid var(--line); background: var(--paper); }
  td:nth-child(3)::before { content: "old: "; }
  td:last-child::before { content: "new: "; font-weight: 400; color: var(--soft); }
}
@media print {
  :root {
    --ink: #000; --soft: #333; --paper: #fff; --panel: #fff; --line: #888;
    --bad: #000; --care: #000; --fine: #000;
  }
  @page { margin: 16mm; }
  body { font-size: 11pt; }
  main { max-width: none; padding: 0; }
  section { border: 0; border-top: 1.5pt solid #000; border-radius: 0;
    padding: .5rem 0; }
  tr, .step, h2, h3, .path { break-inside: avoid; }
  h2, h3, .path, thead { break-after: avoid; }
  input { appearance: none; border: 1pt solid #000; width: 12pt; height: 12pt; }
  input:checked { background: #000; print-color-adjust: exact; }
}
"""
