// The whole fleet: a line for each district, any value to filter by, two side by side.

const UNSTATED = "(not stated)";

// every district has another id, too many to choose from: it is searched for
const ID = (data.names ?? []).findIndex(([name]) => name === "credentials.district_id");

const fleetItems = (data.fleet ?? []).map((one) => ({
  ...one,
  facets: {
    standing: [text(one.standing)],
    applied: [text(one.applied)],
    step: [text(one.step)],
    worst: [text(one.worst)],
    found: texts(one.rules),
    group: one.group === undefined ? [] : [text(one.group)],
    profile: [heldOf(one, "profiles")].flat(),
  },
  sought: plain(`${one.name} ${one.key} ${heldAt(one, ID) ?? ""}`),
}));

// a value as people read it: a text, labels, or undefined where it is not stated
function heldAt(one, place) {
  return data.values[one.values[place]];
}

function heldOf(one, name) {
  const place = data.names.findIndex(([known]) => known === name);
  return place < 0 ? [] : (heldAt(one, place) ?? []);
}

function spelled(value) {
  if (Array.isArray(value)) {
    return value.length ? value.join(", ") : "(none)";
  }
  return value ?? UNSTATED;
}

// what one can choose a district by: each label of a list, or the value itself
function choices(value) {
  return Array.isArray(value) && value.length ? value : [spelled(value)];
}

function fleetRow(one) {
  const line = [
    el("span", { class: "title" }, el("bdi", null, one.name), " ", el("code", null, one.key)),
    " ",
    el("span", { class: "marks" }, fleetMarks(one)),
  ];
  const details = el("details", null, el("summary", null, line));
  const fill = () => {
    if (details.childElementCount === 1) {
      details.append(el("div", { class: "inside" }, fleetInside(one)));
    }
  };
  FILLS.set(details, fill);
  details.addEventListener("toggle", fill);
  return el("li", null, details);
}

function fleetMarks(one) {
  const late = (one.due ?? []).filter((number) => data.due[number][0] === 0).length;
  const step = text(one.step).split(" ")[0];
  const counts = (one.counts ?? []).map((count, place) => [data.severities[place], count]);
  return [
    el("span", { class: "count" }, step === "not" ? "no step" : `step ${step}`),
    " ",
    late ? [chip("error", `${late} late`), " "] : [],
    counts
      .filter(([severity, count]) => count && severity !== "info")
      .flatMap(([severity, count]) => [chip(severity, counted(count, severity)), " "]),
    data.live ? chip(text(one.standing)) : chip(text(one.applied)),
  ].flat();
}

function fleetInside(one) {
  const button = el("button", { type: "button" }, "Compare");
  button.addEventListener("click", () => pair.take(one));
  return [
    el("p", { class: "origin" }, fleetOrigin(one)),
    one.error === undefined ? [] : el("p", { class: "unread" }, `Not read: ${text(one.error)}`),
    fleetDays(one),
    fleetMoves(one),
    fleetRules(one),
    valueTable(one),
    el("p", { class: "left" }, button),
  ].flat();
}

function fleetOrigin(one) {
  const run = one.last ? texts(one.last).filter(Boolean).join(", ") : "in no run yet";
  return ["File ", el("code", null, one.file), ` · ${text(one.applied)} · ${run}`];
}

function fleetDays(one) {
  const days = (one.due ?? []).map((number) => dueLine(data.due[number], false));
  return days.length ? [el("h3", null, "Days"), el("ul", { class: "days" }, days)] : [];
}

function fleetMoves(one) {
  const moves = (one.moved ?? []).map(([setting, who, ...numbers]) => {
    const [baseline, desired, live] = numbers.map((number) => spelled(data.values[number]));
    const told = ` ${live} on Connect, ${desired} in the file, ${baseline} when last applied`;
    return el("li", null, el("code", null, text(setting)), " ", chip(text(who)), told);
  });
  return moves.length ? [el("h3", null, "Not as the file says"), el("ul", { class: "days" }, moves)] : [];
}

function fleetRules(one) {
  const rules = texts(one.rules).flatMap((rule, place) => [place ? ", " : "", el("code", null, rule)]);
  return rules.length ? [el("h3", null, "Findings"), el("p", null, rules)] : [];
}

// every value of a district; beside it what Connect holds, where that was read
function valueTable(one) {
  const heads = ["Value", "In the files", ...(one.live ? ["On Connect"] : [])];
  const settings = data.names.map(([, , , setting]) => setting).filter(Boolean);
  const held = (place) => {
    const setting = data.names[place][3];
    const at = settings.indexOf(setting);
    return one.live && at >= 0 ? spelled(data.values[one.live[at]]) : "";
  };
  const rows = data.names.flatMap(([, , section], place) => {
    const live = held(place);
    const value = spelled(heldAt(one, place));
    if (value === UNSTATED && !live) {
      return [];
    }
    const differs = one.live && live && value !== UNSTATED && live !== value;
    const cells = one.live ? [value, live] : [value];
    return [{ section, row: valueRow(place, cells, heads.slice(1), differs) }];
  });
  return [valuesOf(heads, rows)];
}

function valueRow(place, cells, heads, differs) {
  const [name, title] = data.names[place];
  const head = [el("span", { class: "label" }, title), title === name ? "" : el("code", null, name)];
  return el(
    "tr",
    differs ? { class: "changed" } : {},
    el("th", { scope: "row" }, head, differs ? [" ", chip("changed", "differs")] : []),
    cells.map((cell, side) =>
      el("td", { "data-head": heads[side], ...(cell === UNSTATED ? { class: "zero" } : {}) }, cell),
    ),
  );
}

function valuesOf(heads, rows) {
  const bodies = new Map();
  for (const { section, row } of rows) {
    if (!bodies.has(section)) {
      const cell = el("th", { colspan: `${heads.length}`, scope: "rowgroup", class: "section" }, section);
      bodies.set(section, el("tbody", null, el("tr", null, cell)));
    }
    bodies.get(section).append(row);
  }
  const head = el("tr", null, heads.map((words) => el("th", { scope: "col" }, words)));
  return el("table", { class: "plain values" }, el("thead", null, head), [...bodies.values()]);
}

function dueLine([when, kind, ...numbers], named) {
  const [day, message, ...districts] = texts(numbers);
  const more = districts.length - NAMED;
  const who = `${districts.slice(0, NAMED).join(", ")}${more > 0 ? ` and ${more.toLocaleString("en-US")} more` : ""}`;
  return el(
    "li",
    { class: "finding", tabindex: "-1" },
    el(
      "p",
      null,
      el("b", null, day),
      " ",
      chip(data.whens[when]),
      ` ${data.kinds[kind]}`,
      named && districts.length > 1 ? el("span", { class: "count" }, ` · ${counted(districts.length, "district")}`) : "",
    ),
    el("p", null, message),
    named ? el("p", { class: "hint" }, who || "every district") : [],
  );
}

function dueItem(one) {
  const [when, kind, ...numbers] = one;
  return {
    one,
    facets: { when: [data.whens[when]], kind: [data.kinds[kind]] },
    sought: plain(texts(numbers).join(" ")),
  };
}

function acceptedItem(numbers) {
  const [kind, about, meaning, what, whom, reason, until, standing, look, by] = texts(numbers);
  return {
    kind, about, meaning, what, whom, reason, until, standing, look, by,
    facets: { kindOf: [kind], about: [about], ends: [standing] },
    sought: plain(`${about} ${meaning} ${whom} ${reason} ${by}`),
  };
}

function acceptedRow(one) {
  const told = { For: one.whom, Why: one.reason || "no reason is kept", "Accepted by": one.by };
  return el(
    "li",
    { class: "finding", tabindex: "-1" },
    el("p", null, chip(one.look, one.standing), " ", el("b", null, one.meaning || one.about)),
    el("p", { class: "place" }, el("code", null, one.about), ` ${one.kind}${one.what ? `: ${one.what}` : ""}`),
    one.until === one.standing ? [] : el("p", null, "Until ", el("b", null, one.until)),
    Object.entries(told).map(([noun, words]) => el("p", { class: "hint" }, `${noun}: ${words}`)),
  );
}
