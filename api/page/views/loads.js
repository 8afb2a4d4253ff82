/** What one run of Airflow loaded: documents, rows, what was held back and why, and which plants it was about. */

import { get } from "/page/client.js";
import { h, scrolling, table } from "/page/dom.js";
import { feedName, instant, number } from "/page/format.js";
import { light } from "/page/lights.js";
import { section } from "/page/section.js";
import { t } from "/page/words.js";
import { figureWith, reasons, toDocument } from "/page/views/deliveries.js";

const SHOWN = 100;
const COUNTS = ["inserted", "updated", "unchanged", "duplicate", "quarantined"];

export function view({ query, signal, title }) {
  const run = query.get("run");
  title(t("what this load did"));
  const heading = h("h1", { tabindex: "-1" }, t("what this load did"));
  if (!run) return [heading, h("p", {}, t("no run named")), h("p", {}, h("a", { href: "#/data" }, t("to the data")))];
  return [heading, h("p", { class: "facts" }, `${t("run")} `, h("code", {}, run)), summary(run, signal), loads(run, signal)];
}

function summary(run, signal) {
  return section({
    title: t("in all"), name: "summary", signal,
    load: async () => (await get(`/loads/summary?run_id=${encodeURIComponent(run)}`, signal)).data,
    show: (found) => {
      if (found.documents === 0) return t("run loaded nothing");
      return [
        h("p", { class: "facts" }, told(found), ` · ${t("loaded between", { first: instant(found.first_loaded_at), last: instant(found.last_loaded_at) })}`),
        table({ caption: t("rows of the run"), name: "counts", rows: [found], columns: [
          { label: t("rows"), head: true, cell: (row) => t("rows of documents", { rows: number(row.parsed_rows, 0), documents: number(row.documents, 0) }) },
          ...COUNTS.map((name) => ({ label: t(name), figure: true, cell: (row) => number(row[`${name}_rows`], 0) })),
        ] }),
        Object.keys(found.quarantine_reasons).length > 0 && table({
          caption: t("held back why"), name: "rules", rows: Object.entries(found.quarantine_reasons), columns: [
            { label: t("reason"), head: true, cell: ([rule]) => t(`rule ${rule}`, {}, rule) },
            { label: t("rows"), figure: true, cell: ([, count]) => number(count, 0) },
          ],
        }),
        h("h3", {}, t("plants of the run")),
        found.plants.length > 0 ? h("ul", { class: "plants" }, found.plants.map((plant) =>
          h("li", {}, h("a", { href: `#/plants/${plant.plant_id}` }, plant.name)))) : h("p", { class: "nothing" }, t("no plant touched")),
        found.unnoted_loads > 0 && h("p", {}, t("plants not noted", { count: found.unnoted_loads })),
      ];
    },
  });
}

function told(found) {
  const held = found.quarantined_rows;
  return held ? light("watch", t("rows held back", { count: number(held, 0) })) : light("good", t("nothing held back"));
}

function loads(run, signal) {
  return section({
    title: t("documents of the run"), name: "loads", signal,
    load: async () => get(`/loads?run_id=${encodeURIComponent(run)}&limit=${SHOWN}`, signal),
    show: ({ data: rows, next }) => (rows.length === 0 ? t("no document") : [
      next && h("p", {}, t("newest", { count: rows.length })),
      scrolling(t("documents of the run"), table({
        caption: t("documents of the run"), hidden: true, name: "loads", rows, columns: [
          { label: t("document"), head: true, cell: (row) => toDocument(row.document_id, row.original_name) },
          { label: t("source"), cell: (row) => feedName(row.feed) },
          { label: t("readings from"), cell: (row) => instant(row.first_measured_at) },
          { label: t("readings until"), cell: (row) => instant(row.last_measured_at) },
          { label: t("inserted"), figure: true, cell: (row) => number(row.inserted_rows, 0) },
          { label: t("updated"), figure: true, cell: (row) => number(row.updated_rows, 0) },
          { label: t("quarantined"), figure: true, cell: (row) => figureWith("watch", row.quarantined_rows) },
          { label: t("reasons"), cell: (row) => reasons(row.quarantine_reasons) },
        ],
      })),
    ]),
  });
}
