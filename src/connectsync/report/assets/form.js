// Connect's form of one district: what it shows now, and what it will show.

function formAfter(district) {
  const form = [...district.live];
  for (const save of district.saves) {
    for (const [setting, , , op, first, second] of save.changes) {
      if (op === "set") {
        form[setting] = second;
      } else if (op === "add") {
        form[setting] = [...(form[setting] ?? []), first];
      } else {
        form[setting] = (form[setting] ?? []).filter((label) => label !== first);
      }
    }
  }
  return form;
}

function formTable(district) {
  const sides = { now: district.live, after: formAfter(district), district };
  const heads = ["Setting", "On Connect now", "After apply"];
  const head = el("tr", null, heads.map((words) => el("th", { scope: "col" }, words)));
  return [
    el("p", { class: "legend" }, `In gray: ${unmanaged()}.`),
    el(
      "table",
      { class: "form" },
      el("thead", null, head),
      data.page.map((section) => formSection(section, sides)),
    ),
  ];
}

function formSection({ title, fields }, sides) {
  const body = el("tbody");
  if (text(title)) {
    const cell = el("th", { colspan: "3", scope: "rowgroup", class: "section" });
    cell.append(text(title));
    body.append(el("tr", null, cell));
  }
  for (const [setting, label, name, kind, labels] of fields) {
    const rows =
      setting < 0
        ? [tokenRow(text(label), sides.district)]
        : settingRows({ setting, label: text(label), name: text(name), kind, labels }, sides);
    body.append(...rows);
  }
  return body;
}

// a plan of a part of the files says nothing of what else they manage
function unmanaged() {
  return data.partial ? "left as it is" : "not managed (stays as it is)";
}

function tokenRow(label, { typed }) {
  const after = typed === undefined ? unmanaged() : el("b", null, text(typed));
  return fieldRow(typed === undefined ? "left" : "changed", [label], "never read", after);
}

function settingRows(field, sides) {
  const { district } = sides;
  const changes = district.saves
    .flatMap((save) => save.changes)
    .filter(([setting]) => setting === field.setting);
  const drift = district.drift.filter(([setting]) => setting === field.setting);
  const managed = district.managed.includes(field.setting);
  const kind = changes.length ? "changed" : managed ? "kept" : "left";
  const [before, value] = [sides.now[field.setting], sides.after[field.setting]];
  const now = shownValue(field, before, before, value);
  const after =
    kind === "left" ? unmanaged() : shownValue(field, value, before, value);
  const row = fieldRow(kind, [el("span", { class: "label" }, field.label), el("code", null, field.name)], now, after);
  return [row, ...reasons(changes, drift, reached(district, field.setting))];
}

function fieldRow(kind, label, now, after) {
  const mark = kind === "changed" ? [" ", chip("changed", "changes")] : [];
  return el(
    "tr",
    { class: kind },
    el("th", { scope: "row" }, label, mark),
    el("td", { "data-side": "now" }, now),
    el("td", { "data-side": "after" }, after),
  );
}

// What a setting shows before or after; what is different from before is marked.
function shownValue({ kind, labels }, value, before, after) {
  if (value === null) {
    return "(not known)";
  }
  if (kind === "boxes") {
    const every = new Set([...labels, ...(before ?? []), ...(after ?? [])]);
    const list = [...every].map((label) => option(label, value, value === before ? value : before));
    return list.length ? el("ul", { class: "options" }, list) : "(none)";
  }
  const shown = kind === "box" ? ticked(value, value ? "on" : "off") : text(value);
  return value === before ? shown : el("b", null, shown);
}

function option(label, value, before) {
  const is = value.includes(label);
  if (is === (before ?? []).includes(label)) {
    return el("li", null, ticked(is, text(label)));
  }
  const mark = el("em", null, is ? " added" : " removed");
  return el("li", null, ticked(is, el("b", null, text(label))), mark);
}

function ticked(is, label) {
  const sign = el("span", { class: is ? "box on" : "box", "aria-hidden": "true" });
  const words = el("span", null, spoken(is ? "ticked: " : "not ticked: "), label);
  return el("span", { class: "tick" }, sign, words);
}

// Why a setting changes and what that does, said once of changes that are alike.
function reasons(changes, drift, people) {
  const said = new Map();
  for (const [, risk, effect, op, label] of changes) {
    const alike = `${op} ${risk} ${effect}`;
    const labels = op === "set" ? [] : [...(said.get(alike)?.labels ?? []), text(label)];
    said.set(alike, { risk: data.risks[risk], effect: text(effect), op, labels });
  }
  const told = [
    ...[...said.values()].map(effectOf),
    ...drift.map(([, who, ...values]) => el("p", null, moved(data.moved[who], ...texts(values)))),
    ...people,
  ];
  return told.length ? [el("tr", { class: "why" }, el("td", { colspan: "3" }, told))] : [];
}

// Whom the changes of a setting reach on the roster of the district; -1: all of them.
function reached(district, setting) {
  const told = (district.reached ?? []).find(([number]) => number === setting);
  const lines = (told ?? []).slice(1).map((pair) => {
    const [words, figures] = texts(pair);
    return el("li", null, el("span", null, words), " ", el("b", null, figures));
  });
  return lines.length ? [el("ul", { class: "reached" }, lines)] : [];
}

function effectOf({ risk, effect, op, labels }) {
  const which = labels.length ? [el("b", null, `${op} ${labels.join(", ")}:`), " "] : [];
  return el("p", null, chip(risk), " ", which, effect);
}

function moved(who, baseline, live, desired) {
  const words = {
    drift: ` Someone changed it by hand on Connect: ${baseline} when it was last applied, ${live} now. The plan takes that back.`,
    conflict: ` Both sides changed it: ${baseline} when it was last applied, ${live} on Connect now, ${desired} in the file. The plan saves what the file says.`,
    pending: ` The file changed it: ${baseline} when it was last applied, ${desired} in the file.`,
  };
  return [chip(who), words[who]];
}
