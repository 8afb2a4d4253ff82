/** Elements, made without HTML text: what a tenant wrote is never markup. */

/** Make an element. `on…` are listeners; false, null and undefined leave an attribute or a child out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/**
 * A table that a screen reader can walk; on a phone each row becomes a card (`page.css`), so roles are written out.
 * `columns`: {label, cell(row), figure?, head?}; exactly one has `head`: it names its row.
 */
export function table({ caption, columns, rows, name, hidden = false, row: attributesOf = () => ({}) }) {
  const head = columns.map((column) =>
    h("th", { scope: "col", role: "columnheader", class: column.figure && "figure" }, column.title ?? column.label));
  const body = rows.map((row) =>
    h("tr", { role: "row", ...attributesOf(row) }, columns.map((column) => {
      const attributes = { class: column.figure && "figure", "data-label": column.label };
      return column.head
        ? h("th", { scope: "row", role: "rowheader", ...attributes }, column.cell(row))
        : h("td", { role: "cell", ...attributes }, column.cell(row));
    })));
  return h("table", { role: "table", class: "cards", "data-name": name },
    h("caption", { class: hidden && "visually-hidden" }, caption),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, head)),
    h("tbody", { role: "rowgroup" }, body));
}

/** What is wider than the page, in a box that scrolls and that the keyboard reaches. */
export function scrolling(label, ...children) {
  return h("div", { class: "scrolling", role: "region", tabindex: "0", "aria-label": label }, ...children);
}

/** Show the end of what scrolls: of days the newest. */
export function atItsEnd(box) {
  requestAnimationFrame(() => { box.scrollLeft = box.scrollWidth; });
  return box;
}

/** Tell a screen reader, in passing. */
export function announce(text) {
  document.getElementById("told").textContent = text;
}
