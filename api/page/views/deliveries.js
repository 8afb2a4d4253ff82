/** How views tell of documents: a link to one, its rows with a light, and why rows were held back. */

import { h, scrolling, table } from "/page/dom.js";
import { number } from "/page/format.js";
import { light } from "/page/lights.js";
import { t } from "/page/words.js";

export const STATE_TONES = { landed: "notice", loaded: "good", refused: "bad" };

export function toDocument(id, name) {
  return h("a", { href: `#/documents/${id}` }, name);
}

/** A count, with a light where it is none of nothing. */
export function figureWith(tone, count) {
  return count ? light(tone, number(count, 0)) : number(count, 0);
}

export function reasons(counts) {
  return Object.entries(counts ?? {}).map(([rule, count]) => `${ruleName(rule)}: ${number(count, 0)}`).join(", ");
}

export function ruleName(rule) {
  return t(`rule ${rule}`, {}, rule);
}

/** Quarantined rows with their records; `caption` says which. */
export function quarantinedRows(rows, { caption, document }) {
  return scrolling(t("quarantine"), table({
    caption, name: "quarantine", rows, columns: [
      { label: document ? t("document") : t("row"), head: true, cell: (row) => h("span", {}, document?.(row), document && ", ", `${t("row")} ${row.row_number}`) },
      { label: t("subject"), cell: (row) => row.subject ?? "–" },
      { label: t("quantity"), cell: (row) => row.quantity },
      { label: t("reasons"), cell: (row) => row.broken_rules.map(ruleName).join(", ") },
      { label: t("record"), cell: (row) => h("code", {}, JSON.stringify(row.payload)) },
    ],
  }));
}
