// Findings: what is wrong, where, the line itself, and what to do next.

const NAMED = 5;

function findingItem(one) {
  const rule = text(one.rule);
  const file = text(one.file);
  const districts = texts(one.districts);
  return {
    ...one,
    facets: {
      severity: [data.severities[one.severity]],
      rule: [rule],
      group: one.group === undefined ? [] : [text(one.group)],
    },
    sought: plain([rule, file, text(one.message), ...districts].join(" ")),
  };
}

function findingRow(one) {
  const severity = one.allowed ? "allowed" : data.severities[one.severity];
  const [line, column] = one.at;
  const file = text(one.file);
  return el(
    "li",
    { class: "finding", tabindex: "-1" },
    el("p", null, chip(severity), " ", el("b", null, coded(text(one.message)))),
    el(
      "p",
      { class: "place" },
      file ? [el("code", null, `${file}:${line}:${column}`), " "] : [],
      el("code", { class: "rule" }, text(one.rule)),
    ),
    one.line ? frame(line, texts(one.line)) : [],
    one.hint === undefined ? [] : el("p", { class: "hint" }, coded(`Help: ${text(one.hint)}`)),
    one.districts ? el("p", { class: "hint" }, reach(texts(one.districts))) : [],
    one.allowed ? el("p", null, allowance(texts(one.allowed))) : [],
  );
}

function frame(line, [before, inside, after]) {
  return el(
    "pre",
    { class: "frame" },
    el("span", { class: "line" }, `${line}`),
    el("code", null, before, el("mark", null, inside), after),
  );
}

function reach(districts) {
  const more = districts.length - NAMED;
  const rest = more > 0 ? ` and ${more.toLocaleString("en-US")} more` : "";
  const named = districts.slice(0, NAMED).join(", ");
  return `Reaches ${counted(districts.length, "district")}: ${named}${rest}`;
}

function allowance([reason, until]) {
  return ["Allowed until ", el("b", null, until), `: ${reason}`];
}

function findingList(root, name, facets) {
  return new Listing(root, {
    name,
    noun: name === "allowed" ? "allowed finding" : "finding",
    items: data[name].map(findingItem),
    facets,
    row: findingRow,
    step: 20,
  });
}
