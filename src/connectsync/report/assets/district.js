// Districts: a line for each, and behind it the whole form.

function districtItem(one) {
  const changes = (one.saves ?? []).flatMap((save) => save.changes);
  const drifted = [...(one.drift ?? []), ...(one.left ?? [])].map(([setting]) => setting);
  const settings = new Set([...changes.map(([setting]) => setting), ...drifted]);
  return {
    ...one,
    changes,
    standing: data.standings[one.standing],
    facets: {
      standing: [data.standings[one.standing]],
      risk: [...new Set(changes.map(([, risk]) => data.risks[risk]))],
      setting: [...settings].map((setting) => SETTINGS[setting]),
      group: one.group === undefined ? [] : [text(one.group)],
      wave: one.wave === undefined ? [] : [text(one.wave)],
      profile: texts(one.profiles),
    },
    sought: plain(`${one.name} ${one.key}`),
  };
}

// the names of the settings, by number
const SETTINGS = [];
for (const [number, , name] of (data.page ?? []).flatMap((section) => section.fields)) {
  if (number >= 0) {
    SETTINGS[number] = text(name);
  }
}

function districtRow(one) {
  const line = [
    el("span", { class: "title" }, el("bdi", null, one.name), " ", el("code", null, one.key)),
    " ",
    el("span", { class: "marks" }, marks(one)),
  ];
  if (one.saves) {
    const details = el("details", null, el("summary", null, line));
    const fill = () => {
      if (details.childElementCount === 1) {
        details.append(el("div", { class: "inside" }, inside(one)));
      }
    };
    // a form is made when it is looked at: thousands at once would take seconds
    FILLS.set(details, fill);
    details.addEventListener("toggle", fill);
    return el("li", null, details);
  }
  return el(
    "li",
    { tabindex: "-1" },
    el("div", { class: "summary" }, line),
    one.guards ? el("div", { class: "apart" }, objections(one)) : [],
    one.left ? el("div", { class: "apart" }, leftAlone(one)) : [],
    one.message === undefined ? [] : el("p", { class: "unread" }, coded(unread(one))),
  );
}

function unread({ message, remedy }) {
  return `Not read: ${text(message)}${remedy === undefined ? "" : `; ${text(remedy)}`}`;
}

const FILLS = new WeakMap();

function marks(one) {
  if (!one.saves) {
    return [objected(one), chip(one.standing)].flat();
  }
  const count = one.changes.length;
  const token = one.saves.some((save) => save.token);
  const told = count || !token ? counted(count, "change") : "token";
  return [
    el("span", { class: "count" }, told),
    " ",
    count ? [chip(data.risks[one.worst]), " "] : [],
    objected(one),
    chip(one.standing),
  ].flat();
}

function objected({ guards = [] }) {
  return guards.length ? [chip(gravest(guards), counted(guards.length, "objection")), " "] : [];
}

function objections({ guards = [] }) {
  return guards.map((number) => objection(data.guards[number]));
}

function gravest(guards) {
  const found = guards.map((number) => text(data.guards[number][0]));
  return data.severities.find((severity) => found.includes(severity));
}

function inside(one) {
  return [
    el("p", { class: "origin" }, origin(one)),
    objections(one),
    order(one),
    scheduled(one),
    people(one),
    formTable(one),
    leftAlone(one),
    findingsOf(one),
  ].flat();
}

function origin(one) {
  const said = [
    one.file ? ["File ", el("code", null, one.file)] : null,
    one.profiles ? [one.profiles.length > 1 ? "profiles " : "profile ", texts(one.profiles).join(", ")] : null,
    one.wave === undefined ? null : ["wave ", text(one.wave)],
    ["read ", text(one.read)],
    ["version ", el("code", null, one.version)],
  ].filter((each) => each !== null);
  return said.flatMap((each, position) => (position ? [" · ", ...each] : each));
}

function objection(numbers) {
  const [severity, rule, message, hint, accept] = texts(numbers);
  const counts = accept && accept !== rule ? ` (counts as ${accept})` : "";
  return el(
    "p",
    { class: `objection is-${severity}` },
    chip(severity),
    " ",
    el("code", null, rule),
    ` ${message}${counts} `,
    hint ? el("span", { class: "hint" }, coded(`Help: ${hint}`)) : "",
  );
}

function order(one) {
  if (one.saves.length < 2) {
    return [];
  }
  const saves = one.saves.map((save) => {
    const names = new Set(save.changes.map(([setting]) => SETTINGS[setting]));
    return el("li", null, [...names, ...(save.token ? ["the OAuth token"] : [])].join(", "));
  });
  return [
    el("p", { class: "order" }, `Saved ${saves.length} times, each checked before the next:`),
    el("ol", { class: "order" }, saves),
  ];
}

// on which roster it was counted whom the changes reach, and what they do in all
function people(one) {
  if (one.roster === undefined) {
    return [];
  }
  const said = text(one.roster);
  const whole = reached(one, -1);
  return [
    el("p", { class: "origin" }, `${said[0].toUpperCase()}${said.slice(1)}${whole.length ? "; in all:" : ""}`),
    ...whole,
  ];
}

// values that change by themselves, and when
function scheduled(one) {
  const turns = (one.turns ?? []).map(([setting, said]) =>
    el("li", null, el("code", null, SETTINGS[setting]), ` ${text(said)}`),
  );
  return turns.length ? [el("h3", null, "Scheduled"), el("ul", null, turns)] : [];
}

// what is not as the files say, and no part of the plan
function leftAlone(one) {
  if (!one.left.length) {
    return [];
  }
  const apart = one.left.map(([setting, who, ...values]) => {
    const [baseline, live, desired] = texts(values);
    const told = ` ${live} on Connect, ${desired} in the file, ${baseline} when last applied`;
    return el("li", null, el("code", null, SETTINGS[setting]), " ", chip(data.moved[who]), told);
  });
  return [
    el("h3", null, "Not caused by this change, so left alone"),
    el("ul", null, apart),
  ];
}

function findingsOf(one) {
  const found = one.file
    ? [...data.findings, ...data.allowed].filter((finding) => text(finding.file) === one.file)
    : [];
  if (!found.length) {
    return [];
  }
  return [
    el("h3", null, "Findings in its file"),
    el("ul", { class: "rows" }, found.map(findingRow)),
  ];
}
