// A fleet that is filtered by any value, and two of its districts side by side.

// Districts that are also chosen by any of their values.
class FleetListing extends Listing {
  constructor(root, told) {
    super(root, told);
    this.wanted = [];
    this.holds = (item) =>
      this.wanted.every(({ place, value }) => choices(heldAt(item, place)).includes(value));
    this.names = el("select", { id: "fleet-value" }, el("option", { value: "" }, "any"));
    const groups = new Map();
    data.names.forEach(([name, title, section], place) => {
      if (!groups.has(section)) {
        groups.set(section, el("optgroup", { label: section }));
        this.names.append(groups.get(section));
      }
      groups.get(section).append(el("option", { value: `${place}` }, title === name ? name : `${title} (${name})`));
    });
    this.values = el("select", { id: "fleet-is", disabled: "" }, el("option", { value: "" }, "any"));
    this.names.addEventListener("change", () => this.offer());
    this.values.addEventListener("change", () => this.want());
    this.chosen = el("ul", { class: "chosen" });
    const clear = root.querySelector(".tools > button");
    clear.before(this.field("Value", this.names), this.field("is", this.values));
    root.querySelector(".tools").after(this.chosen);
  }

  // what the districts hold of the value that was named, with their numbers
  offer() {
    const options = [el("option", { value: "" }, "any")];
    this.values.disabled = this.names.value === "";
    if (!this.values.disabled) {
      const counts = new Map();
      for (const item of this.found) {
        for (const value of choices(heldAt(item, Number(this.names.value)))) {
          counts.set(value, (counts.get(value) ?? 0) + 1);
        }
      }
      const order = [...counts].sort((one, other) => other[1] - one[1] || (one[0] < other[0] ? -1 : 1));
      options.push(
        ...order.slice(0, MOST_VALUES).map(([value, count]) =>
          el("option", { value }, `${value} (${count.toLocaleString("en-US")})`),
        ),
      );
      const left = order.length - MOST_VALUES;
      if (left > 0) {
        options.push(el("option", { disabled: "" }, `and ${left.toLocaleString("en-US")} more`));
      }
    }
    this.values.replaceChildren(...options);
  }

  want() {
    this.wanted.push({ place: Number(this.names.value), value: this.values.value });
    this.names.value = "";
    this.again();
    this.names.focus();
  }

  again() {
    this.chosen.replaceChildren(...this.wanted.map((one) => this.chosenItem(one)));
    this.filter();
    this.offer();
  }

  chosenItem(one) {
    const name = data.names[one.place][0];
    const button = el("button", { type: "button" }, `${name}: ${one.value} `, el("span", { "aria-hidden": "true" }, "×"));
    button.setAttribute("aria-label", `Take out the filter ${name}: ${one.value}`);
    button.addEventListener("click", () => {
      this.wanted = this.wanted.filter((other) => other !== one);
      this.again();
      this.names.focus();
    });
    return el("li", null, button);
  }

  clear() {
    this.wanted = [];
    this.names.value = "";
    this.chosen.replaceChildren();
    super.clear();
    this.offer();
  }
}

const MOST_VALUES = 500;
const MOST_OFFERED = 20;

// Two districts side by side.
class Pair {
  constructor(root) {
    this.sides = ["First district", "Second district"].map((label, side) => {
      const words = el("datalist", { id: `compare-words-${side}` });
      const input = el("input", {
        id: `compare-${side}`,
        list: words.id,
        autocomplete: "off",
        spellcheck: "false",
      });
      input.addEventListener("input", () => this.typed(side));
      return { label, words, input, one: undefined };
    });
    this.every = el("input", { type: "checkbox", id: "compare-all" });
    this.every.addEventListener("change", () => this.show());
    this.status = el("p", { class: "status", role: "status" });
    this.table = el("div");
    const fields = this.sides.map(({ label, input, words }) =>
      el("div", null, el("label", { for: input.id }, label), input, words),
    );
    const all = el("p", { class: "tick-all" }, this.every, el("label", { for: this.every.id }, "Show also what is the same"));
    root.append(el("div", { class: "tools" }, fields), all, this.status, this.table);
    this.show();
  }

  typed(side) {
    const { input, words } = this.sides[side];
    const sought = plain(input.value);
    const found = sought ? fleetItems.filter((one) => one.sought.includes(sought)) : [];
    words.replaceChildren(
      ...found.slice(0, MOST_OFFERED).map((one) => el("option", { value: one.key }, one.name)),
    );
    this.sides[side].one = fleetItems.find((one) => one.key === input.value.trim());
    this.show();
  }

  // puts a district on the side that is free, or else on the second one
  take(one) {
    const side = this.sides[0].one && this.sides[0].one !== one ? 1 : 0;
    this.sides[side].one = one;
    this.sides[side].input.value = one.key;
    this.show();
    const both = this.sides.every((each) => each.one);
    this.sides[both ? side : 1].input.focus();
  }

  show() {
    const [first, second] = this.sides.map(({ one }) => one);
    this.table.replaceChildren();
    if (!first || !second) {
      this.status.textContent = first || second ? "Name the other district" : "";
      return;
    }
    const heads = ["Value", first.key, second.key];
    const stated = data.names.flatMap((_, place) =>
      [first, second].some((one) => one.values[place] >= 0) ? [place] : [],
    );
    const rows = stated.map((place) => {
      const section = data.names[place][2];
      const cells = [first, second].map((one) => spelled(heldAt(one, place)));
      const differs = cells[0] !== cells[1];
      const marked = differs && this.every.checked;
      return { section, differs, row: valueRow(place, cells, heads.slice(1), marked) };
    });
    const apart = rows.filter(({ differs }) => differs);
    this.status.textContent = apart.length
      ? `${counted(apart.length, "value")} of ${rows.length} differ${apart.length === 1 ? "s" : ""}`
      : "Both are the same";
    const shown = this.every.checked ? rows : apart;
    if (shown.length) {
      this.table.append(valuesOf(heads, shown));
    }
  }
}

let pair;
