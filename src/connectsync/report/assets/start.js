// What happens when the page is opened, a key is pressed, or it is printed.

const LISTS = {
  districts: (root) =>
    new Listing(root, {
      name: "districts",
      noun: "district",
      items: data.districts.map(districtItem),
      facets: [
        { facet: "standing", label: "Standing", order: data.standings },
        { facet: "risk", label: "Risk", order: data.risks },
        { facet: "setting", label: "Setting", order: SETTINGS },
        { facet: "group", label: "Folder" },
        { facet: "wave", label: "Wave", order: texts(data.waves) },
        { facet: "profile", label: "Profile" },
      ],
      row: districtRow,
      step: 50,
    }),
  findings: (root) =>
    findingList(root, "findings", [
      { facet: "severity", label: "Severity", order: data.severities },
      { facet: "rule", label: "Rule" },
      { facet: "group", label: "Folder" },
    ]),
  allowed: (root) => findingList(root, "allowed"),
  audited: (root) =>
    new Listing(root, {
      name: "audited",
      noun: "district",
      items: data.audited.map(auditedItem),
      facets: [
        { facet: "severity", label: "Severity", order: data.severities },
        { facet: "rule", label: "Rule" },
        { facet: "described", label: "File" },
        { facet: "group", label: "Folder" },
      ],
      row: auditedRow,
      step: 50,
    }),
  exceptions: (root) =>
    new Listing(root, {
      name: "exceptions",
      noun: "exception",
      items: data.exceptions.map(exceptionItem),
      facets: [
        { facet: "ended", label: "Standing", order: data.standings },
        { facet: "allowed", label: "Rule" },
      ],
      row: exceptionRow,
      step: 20,
    }),
  fleet: (root) =>
    new FleetListing(root, {
      name: "fleet",
      noun: "district",
      items: fleetItems,
      facets: [
        { facet: data.live ? "standing" : "applied", label: data.live ? "On Connect" : "Applied" },
        { facet: "step", label: "Setup step" },
        { facet: "worst", label: "Findings", order: [...data.severities, "none"] },
        { facet: "found", label: "Rule" },
        { facet: "group", label: "Folder" },
        { facet: "profile", label: "Profile" },
      ],
      row: fleetRow,
      step: 50,
    }),
  due: (root) =>
    new Listing(root, {
      name: "due",
      noun: "day",
      items: data.due.map(dueItem),
      facets: [
        { facet: "when", label: "When", order: data.whens },
        { facet: "kind", label: "What", order: data.kinds },
      ],
      row: ({ one }) => dueLine(one, true),
      step: 20,
    }),
  accepted: (root) =>
    new Listing(root, {
      name: "accepted",
      noun: "exception",
      items: data.accepted.map(acceptedItem),
      facets: [
        { facet: "ends", label: "Standing" },
        { facet: "kindOf", label: "Where it is written" },
        { facet: "about", label: "Rule or guard" },
      ],
      row: acceptedRow,
      step: 20,
    }),
};

const FEW = 3;

const lists = [...document.querySelectorAll("[data-list]")].map((root) =>
  LISTS[root.dataset.list](root),
);

const compared = document.querySelector("[data-compare]");
pair = compared && new Pair(compared);

// what is counted at the top can be looked at
for (const named of document.querySelectorAll("[data-facet]")) {
  const { facet, value } = named.dataset;
  const list = lists.find((one) => one.selects.has(facet));
  if (list?.items.some((item) => item.facets[facet].includes(value))) {
    const button = el("button", { type: "button", class: "choice" }, named.textContent);
    button.addEventListener("click", () => list.choose(facet, value));
    named.replaceChildren(button);
  }
}

function open(details) {
  FILLS.get(details)?.();
  details.open = true;
}

const closed = () => [...document.querySelectorAll(".rows details:not([open])")];

// few districts are read from top to bottom
const first = closed();
if (first.length <= FEW) {
  first.forEach(open);
}

let opened = [];
addEventListener("beforeprint", () => {
  opened = closed();
  opened.forEach(open);
});
addEventListener("afterprint", () => {
  for (const details of opened) {
    details.open = false;
  }
});

addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const search = document.querySelector("input[type=search]");
    event.preventDefault();
    search?.focus();
  }
});
