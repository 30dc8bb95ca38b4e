// Live forms: a line for each district, and behind it what rules say of its form.

function auditedItem(one) {
  const found = one.found.map((number) => data.found[number]);
  const group = text(one.group);
  return {
    ...one,
    found,
    facets: {
      severity: [...new Set(found.map(([severity]) => data.severities[severity]))],
      rule: [...new Set(found.map(([, rule]) => text(rule)))],
      described: [text(one.described)],
      group: group ? [group] : [],
    },
    sought: plain(`${one.name} ${one.key}`),
  };
}

function auditedRow(one) {
  const line = [
    el("span", { class: "title" }, el("bdi", null, one.name), " ", el("code", null, one.key)),
    " ",
    el("span", { class: "marks" }, auditedMarks(one)),
  ];
  if (!one.found.length) {
    return el("li", { tabindex: "-1" }, el("div", { class: "summary" }, line));
  }
  const details = el("details", null, el("summary", null, line));
  const fill = () => {
    if (details.childElementCount === 1) {
      details.append(el("div", { class: "inside" }, auditedOrigin(one), auditedFindings(one)));
    }
  };
  FILLS.set(details, fill);
  details.addEventListener("toggle", fill);
  return el("li", null, details);
}

function auditedMarks(one) {
  const counts = data.severities.map((severity, number) => [
    severity,
    one.found.filter(([its]) => its === number).length,
  ]);
  const marks = counts
    .filter(([, count]) => count)
    .flatMap(([severity, count]) => [
      chip(severity, counted(count, severity === "info" ? "note" : severity)),
      " ",
    ]);
  const described = text(one.described);
  const apart = described === "in a file" ? [] : [chip("pending", described)];
  return marks.length ? [...marks, ...apart] : [chip("in step", "no finding"), " ", ...apart];
}

function auditedOrigin(one) {
  const file = text(one.file);
  const said = file ? ["File ", el("code", null, file)] : ["No file describes it"];
  return el("p", { class: "origin" }, said);
}

function auditedFindings(one) {
  return el("ul", { class: "rows" }, one.found.map(auditedFinding));
}

function auditedFinding([severity, ...numbers]) {
  const [rule, message, page, file, affected, hint] = texts(numbers);
  const told = { "On the page": page, "In its file": file, Affected: affected, Help: hint };
  return el(
    "li",
    { class: "finding", tabindex: "-1" },
    el("p", null, chip(data.severities[severity]), " ", el("b", null, coded(message))),
    el("p", { class: "place" }, el("code", { class: "rule" }, rule)),
    Object.entries(told)
      .filter(([, words]) => words)
      .map(([noun, words]) =>
        el("p", noun === "On the page" ? null : { class: "hint" }, coded(`${noun}: ${words}`)),
      ),
  );
}

function exceptionItem([standing, ...numbers]) {
  const [district, rule, until, reason] = texts(numbers);
  return {
    standing,
    district,
    rule,
    until,
    reason,
    facets: { ended: [data.standings[standing]], allowed: [rule] },
    sought: plain(`${district} ${rule} ${reason}`),
  };
}

function exceptionRow(one) {
  const kind = data.kinds[one.standing];
  return el(
    "li",
    { class: "finding", tabindex: "-1" },
    el(
      "p",
      null,
      chip(kind, data.standings[one.standing]),
      " ",
      el("b", null, one.district),
      " ",
      el("code", { class: "rule" }, one.rule),
    ),
    el("p", null, ["Until ", el("b", null, one.until), `: ${one.reason}`]),
  );
}
