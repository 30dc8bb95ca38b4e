// Of a session only what is typed is copied.
for (const block of document.querySelectorAll(".language-console")) {
  const typed = block.textContent.split("\n").filter((line) => line.startsWith("$ "));
  block.dataset.copy = typed.map((line) => line.slice(2)).join("\n");
}

// The theme calls its search a dialog and gives it no name.
document.querySelector(".md-search")?.setAttribute("aria-label", "Search");

// The list of rules: an older address `rules.html#name` leads to the rule's own page,
// words and a severity narrow the list, and a click on a heading sorts it.
const mark = document.querySelector("[data-rules]");
const table = mark?.closest("article").querySelector("table");
if (table) {
  table.id = "rules";
  forward();
  sortable();
  findable();
}

function forward() {
  const named = () => {
    const link = location.hash && document.getElementById(location.hash.slice(1));
    if (link && table.contains(link)) location.replace(link.href);
  };
  named();
  window.addEventListener("hashchange", named);
}

function rows() {
  return [...table.tBodies[0].rows];
}

function sortable() {
  const order = { error: 0, warning: 1, info: 2 };
  const key = (row, column) => {
    const text = row.cells[column].textContent.trim();
    return text in order ? String(order[text]) : text;
  };
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const sorted = rows().sort((a, b) => key(a, column).localeCompare(key(b, column)));
      table.tBodies[0].append(...(down ? sorted.reverse() : sorted));
    });
  });
}

function findable() {
  const bar = document.createElement("p");
  bar.className = "rules-bar";
  const words = document.createElement("input");
  words.type = "search";
  words.placeholder = "Words of a rule or a mistake";
  words.setAttribute("aria-label", "Show rules with these words");
  const severity = document.createElement("select");
  severity.setAttribute("aria-label", "Show rules of this severity");
  for (const one of ["every severity", "error", "warning", "info"]) {
    severity.append(new Option(one, one.includes(" ") ? "" : one));
  }
  const count = document.createElement("span");
  count.setAttribute("role", "status");
  bar.append(words, severity, count);
  mark.parentNode.replaceWith(bar);
  const show = () => {
    const wanted = words.value.toLowerCase().split(/\s+/);
    let left = 0;
    for (const row of rows()) {
      const text = row.textContent.toLowerCase();
      const fits =
        wanted.every((word) => text.includes(word)) &&
        (!severity.value || row.cells[1].textContent.trim() === severity.value);
      row.hidden = !fits;
      left += fits ? 1 : 0;
    }
    count.textContent = left === 1 ? "1 rule" : `${left} rules`;
  };
  words.addEventListener("input", show);
  severity.addEventListener("change", show);
  show();
}
