// A list that is searched and filtered as one types, and shown a step at a time.

// accents are left out, so that "sao" finds "São"
function plain(words) {
  return words.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

// An item holds `sought`, the text it is found by, and `facets`: lists of values by
// facet. `facets` of the list names those to choose from, in order.
class Listing {
  constructor(root, { name, noun, items, facets, row, step }) {
    Object.assign(this, { name, noun, items, row, step });
    this.selects = new Map();
    // what else has to hold of an item
    this.holds = () => true;
    this.status = el("p", { class: "status", role: "status" });
    this.rows = el("ul", { class: "rows" });
    this.left = el("p", { class: "left" });
    root.append(...this.tools(facets), this.status, this.rows, this.left);
    this.filter();
  }

  tools(facets) {
    if (!facets) {
      return [];
    }
    this.query = el("input", {
      type: "search",
      id: `${this.name}-search`,
      autocomplete: "off",
      spellcheck: "false",
    });
    this.query.addEventListener("input", () => this.filter());
    const fields = [this.field("Search", this.query)];
    for (const facet of facets) {
      fields.push(...this.choice(facet));
    }
    const clear = el("button", { type: "button" }, "Clear");
    clear.addEventListener("click", () => this.clear());
    const tools = el("search", { class: "tools" }, fields, clear);
    tools.setAttribute("aria-label", `Search and filter ${this.noun}s`);
    return [tools];
  }

  field(label, control) {
    return el("div", null, el("label", { for: control.id }, label), control);
  }

  choice({ facet, label, order }) {
    const counts = new Map();
    for (const item of this.items) {
      for (const value of item.facets[facet]) {
        counts.set(value, (counts.get(value) ?? 0) + 1);
      }
    }
    if (counts.size < 2) {
      return [];
    }
    const place = (value) => (order ? order.indexOf(value) : 0);
    const values = [...counts.keys()].sort(
      (one, other) => place(one) - place(other) || (one < other ? -1 : 1),
    );
    const options = values.map((value) =>
      el("option", { value }, `${value} (${counts.get(value).toLocaleString("en-US")})`),
    );
    const select = el("select", { id: `${this.name}-${facet}` });
    select.append(el("option", { value: "" }, "any"), ...options);
    select.addEventListener("change", () => this.filter());
    this.selects.set(facet, select);
    return [this.field(label, select)];
  }

  choose(facet, value) {
    this.clear();
    const select = this.selects.get(facet);
    select.value = value;
    this.filter();
    select.scrollIntoView({ block: "center" });
    select.focus();
  }

  clear() {
    this.query.value = "";
    this.selects.forEach((select) => {
      select.value = "";
    });
    this.filter();
    this.query.focus({ preventScroll: true });
  }

  filter() {
    const words = this.query ? plain(this.query.value).split(/\s+/).filter(Boolean) : [];
    const chosen = [...this.selects]
      .map(([facet, select]) => [facet, select.value])
      .filter(([, value]) => value !== "");
    this.found = this.items.filter(
      (item) =>
        chosen.every(([facet, value]) => item.facets[facet].includes(value)) &&
        this.holds(item) &&
        words.every((word) => item.sought.includes(word)),
    );
    this.rows.replaceChildren();
    this.show();
    this.tell();
  }

  // Gives the first of the rows that were added.
  show() {
    const start = this.rows.childElementCount;
    const added = this.found.slice(start, start + this.step).map(this.row);
    this.rows.append(...added);
    const left = this.found.length - this.rows.childElementCount;
    this.left.replaceChildren();
    if (left > 0) {
      const more = el("button", { type: "button" }, `Show ${Math.min(left, this.step)} more`);
      more.addEventListener("click", () => this.show().focus());
      this.left.append(more, ` ${counted(left, this.noun)} not shown`);
    }
    return added[0]?.querySelector("summary") ?? added[0];
  }

  tell() {
    const all = this.items.length;
    const found = this.found.length;
    const told =
      found === all
        ? counted(all, this.noun)
        : `${found.toLocaleString("en-US")} of ${counted(all, this.noun)}`;
    this.status.textContent = found ? told : `No ${this.noun} matches`;
  }
}
