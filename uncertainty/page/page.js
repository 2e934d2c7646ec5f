"use strict";
const every = (selector, within = document) => Array.from(within.querySelectorAll(selector));
const picks = every("#picker select");

// What is picked is shown, and what hangs on neither.
function show() {
  const fits = (of, pick) => of === undefined || of === pick.value;
  for (const each of every("[data-scenario], [data-criterion]"))
    each.hidden = picks.some(pick => !fits(each.dataset[pick.id.replace("pick-", "")], pick));
  for (const each of every(".undrawn"))
    each.hidden = every("figure[data-criterion]", each.parentNode).some(figure => !figure.hidden);
  for (const each of every(".picked"))
    each.textContent = picks.map(pick => pick.selectedOptions[0].textContent).join(", ");
}
for (const each of picks) {
  each.disabled = false;
  each.addEventListener("change", show);
}
if (picks.length) {
  document.getElementById("picker").addEventListener("submit", event => event.preventDefault());
  show(); // a browser may keep what was picked before
}

// Columns of figures are sorted by the first one of a cell, others as words; what is missing comes last.
function figure(text) {
  const found = /-?(\d[\d,]*)?\.?\d+(e[-+]?\d+)?/.exec(text);
  if (!found) return NaN;
  const value = Number(found[0].replaceAll(",", "")) * (/-\$/.test(text) ? -1 : 1);
  return value + (text.startsWith("<") ? -1e-9 : text.startsWith(">") ? 1e-9 : 0);
}
function sort(header) {
  const at = header.cellIndex, up = header.getAttribute("aria-sort") !== "ascending", sign = up ? 1 : -1;
  const figures = header.classList.contains("n");
  const compare = (one, other) => {
    const [a, b] = [one, other].map(row => figures ? figure(row.cells[at].textContent) : row.cells[at].textContent.trim());
    if (!figures) return sign * a.localeCompare(b, "en", { numeric: true });
    return isNaN(a) || isNaN(b) ? isNaN(a) - isNaN(b) : sign * (a - b);
  };
  for (const body of header.closest("table").tBodies) body.append(...Array.from(body.rows).sort(compare));
  for (const each of header.parentNode.cells) each.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", up ? "ascending" : "descending");
}
for (const header of every("thead th")) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...header.childNodes);
  button.addEventListener("click", () => sort(header));
  header.append(button);
}

// A table as CSV, whole, in the order in which it is shown. Before a text that a spreadsheet would take for a formula
// comes an apostrophe, as in tables/*.csv; not before figures (-$5, -3 [-5–-1], +3 %), nor a lone sign of equality.
const harmless = /^=$|^[+-]\$?\d[\d,.]*(e[+-]?\d+)?( ?%)?( (\[[\d,.$%\u2060 –-]+\]|± [\d,.]+))?$/;
function csv(table) {
  const cell = each => each.textContent.trim().replace(/\s+/g, " ");
  const tamed = text => /^[=+\-@]/.test(text) && !harmless.test(text) ? `'${text}` : text;
  const quoted = text => /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const line = row => Array.from(row.cells, each => quoted(tamed(cell(each)))).join(",");
  return every("tr", table).map(row => line(row) + "\n").join("");
}
for (const button of every("button.csv")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const link = document.createElement("a"), table = document.getElementById(button.dataset.table);
    link.href = URL.createObjectURL(new Blob(["\ufeff", csv(table)], { type: "text/csv" }));
    link.download = `${table.caption.textContent.replace(/\W+/g, "-").toLowerCase()}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
}

// What is all in view needs no stop of the keyboard.
const seen = new ResizeObserver(found => {
  for (const { target } of found) target.tabIndex = target.scrollWidth > target.clientWidth ? 0 : -1;
});
for (const each of every(".scroll")) seen.observe(each);
