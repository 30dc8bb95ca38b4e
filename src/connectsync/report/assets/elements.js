// Elements are built, never read from text: whatever the data say is shown as text.

const data = JSON.parse(document.getElementById("data").textContent);
const text = (number) => data.texts[number];
const texts = (numbers) => (numbers ?? []).map(text);

function counted(count, noun) {
  return `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
}

function el(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    made.setAttribute(key, value);
  }
  made.append(...children.flat().filter((child) => child !== "" && child !== null));
  return made;
}

function chip(kind, words = kind) {
  return el("span", { class: `chip is-${kind.replaceAll(" ", "-")}` }, words);
}

// for who hears the page and does not see the signs on it
function spoken(words) {
  return el("span", { class: "spoken" }, words);
}

function coded(sentence) {
  return sentence
    .split(/`([^`]+)`/)
    .map((part, position) => (position % 2 ? el("code", null, part) : part));
}
