/** One delivered document: what became of it, each time that it was loaded, and its rows in quarantine. */

import { get } from "/page/client.js";
import { h, scrolling, table } from "/page/dom.js";
import { downloadButton } from "/page/downloads.js";
import { bytes, feedName, instant, number } from "/page/format.js";
import { light } from "/page/lights.js";
import { section } from "/page/section.js";
import { t } from "/page/words.js";
import { STATE_TONES, figureWith, quarantinedRows, reasons } from "/page/views/deliveries.js";

const SHOWN = 100;
const SAVED = 1000;

export function view({ id, signal, title }) {
  title(t("document"));
  const heading = h("h1", { tabindex: "-1" }, t("document"));
  const back = h("p", { class: "crumbs" }, h("a", { href: "#/data" }, `← ${t("data")}`));
  if (id === null) return [back, heading, h("p", {}, t("not found"))];
  return [back, heading, about(id, { signal, title, heading }), loads(id, signal), quarantine(id, signal)];
}

function about(id, { signal, title, heading }) {
  return section({
    title: t("delivery"), name: "document", signal,
    load: async () => (await get(`/documents/${id}`, signal)).data,
    show: (found) => {
      heading.textContent = found.original_name;
      title(found.original_name);
      return [
        h("p", { class: "facts" }, light(STATE_TONES[found.state], t(`state ${found.state}`)), ` · ${feedName(found.feed)} · ${bytes(found.size_bytes)}`,
          ` · ${t("last received")} ${instant(found.last_received_at)}`, found.delivery_count > 1 && ` · ${t("delivered times", { count: found.delivery_count })}`),
        found.reason && h("p", {}, found.reason),
        (found.remarks ?? []).length > 0 && h("ul", {}, found.remarks.map((remark) => h("li", { lang: "en" }, remark))),
      ];
    },
  });
}

function loads(id, signal) {
  return section({
    title: t("loads"), name: "loads", signal,
    load: async () => (await get(`/loads?document_id=${id}&limit=${SHOWN}`, signal)).data,
    show: (rows) => (rows.length === 0 ? t("not loaded") : scrolling(t("loads"), table({
      caption: t("newest first"), name: "loads", rows, columns: [
        { label: t("last loaded"), head: true, cell: (row) => instant(row.loaded_at) },
        { label: t("rows"), figure: true, cell: (row) => number(row.parsed_rows, 0) },
        { label: t("inserted"), figure: true, cell: (row) => number(row.inserted_rows, 0) },
        { label: t("updated"), figure: true, cell: (row) => number(row.updated_rows, 0) },
        { label: t("quarantined"), figure: true, cell: (row) => figureWith("watch", row.quarantined_rows) },
        { label: t("reasons"), cell: (row) => reasons(row.quarantine_reasons) },
        { label: t("run"), cell: (row) => h("a", { href: `#/loads?run=${encodeURIComponent(row.run_id)}` }, row.run_id) },
      ],
    }))),
  });
}

function quarantine(id, signal) {
  return section({
    title: t("quarantine"), name: "quarantine", signal,
    load: async () => get(`/quarantine?document_id=${id}&limit=${SHOWN}`, signal),
    show: ({ data: rows, next }) => (rows.length === 0 ? light("good", t("quarantine empty"))
      : [
        quarantinedRows(rows, { caption: t(next ? "first rows" : "rows of it", { count: rows.length }) }),
        h("p", {}, downloadButton(`/quarantine?document_id=${id}&limit=${SAVED}&format=csv`, t("rows as csv", { count: number(SAVED, 0) }))),
      ]),
  });
}
