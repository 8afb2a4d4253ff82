/** Data: how fresh each source is, what was delivered, and what was held back, with the reasons. */

import { get } from "/page/client.js";
import { h, scrolling, table } from "/page/dom.js";
import { bytes, feedName, instant, number } from "/page/format.js";
import { light } from "/page/lights.js";
import { section } from "/page/section.js";
import { t } from "/page/words.js";
import { STATE_TONES, figureWith, quarantinedRows, reasons, toDocument } from "/page/views/deliveries.js";

const SHOWN = 100;

export function view({ signal, title }) {
  title(t("data"));
  return [h("h1", { tabindex: "-1" }, t("data")), freshness(signal), documents(signal), quarantine(signal)];
}

function freshness(signal) {
  return section({
    title: t("freshness by source"), name: "feeds", signal,
    load: async () => (await get("/health/detailed", signal)).data,
    show: (state) => [
      h("p", { class: "facts" },
        state.pending_documents ? light("watch", t("documents wait", { count: state.pending_documents })) : light("good", t("no document waits")), " · ",
        state.dirty_days ? light("notice", t("days wait", { count: state.dirty_days })) : light("good", t("no day waits")), " · ",
        state.outbox.failed ? light("bad", t("mails failed", { count: state.outbox.failed })) : light("good", t("no mail failed"))),
      state.feeds.length === 0 ? h("p", { class: "nothing" }, t("no document")) : scrolling(t("freshness by source"), table({
        caption: t("sources"), name: "feeds", hidden: true, rows: state.feeds, columns: [
          { label: t("source"), head: true, cell: (row) => feedName(row.feed) },
          { label: t("last reading"), cell: (row) => instant(row.last_measured_at) },
          { label: t("last received"), cell: (row) => instant(row.last_received_at) },
          { label: t("last loaded"), cell: (row) => instant(row.last_loaded_at) },
          { label: t("waiting"), figure: true, cell: (row) => number(row.pending_documents, 0) },
          { label: t("loaded"), figure: true, cell: (row) => number(row.loaded_documents, 0) },
          { label: t("refused"), figure: true, cell: (row) => (row.refused_documents ? light("bad", number(row.refused_documents, 0)) : "0") },
        ],
      })),
    ],
  });
}

function documents(signal) {
  return section({
    title: t("documents"), name: "documents", signal,
    load: async () => (await get(`/documents?limit=${SHOWN}`, signal)).data,
    show: (rows) => (rows.length === 0 ? t("no document") : scrolling(t("documents"), table({
      caption: t("newest", { count: rows.length }), name: "documents", rows, columns: [
        { label: t("document"), head: true, cell: (row) => toDocument(row.document_id, row.original_name) },
        { label: t("source"), cell: (row) => feedName(row.feed) },
        { label: t("state"), cell: (row) => h("span", {}, light(STATE_TONES[row.state], t(`state ${row.state}`)), row.reason && h("br"), row.reason) },
        { label: t("last received"), cell: (row) => instant(row.last_received_at) },
        { label: t("size"), figure: true, cell: (row) => bytes(row.size_bytes) },
        { label: t("rows"), figure: true, cell: (row) => number(row.parsed_rows, 0) },
        { label: t("quarantined"), figure: true, cell: (row) => figureWith("watch", row.quarantined_rows) },
        { label: t("reasons"), cell: (row) => reasons(row.quarantine_reasons) },
      ],
    }))),
  });
}

function quarantine(signal) {
  return section({
    title: t("quarantine"), name: "quarantine", signal,
    load: async () => (await get(`/quarantine?limit=${SHOWN}`, signal)).data,
    show: (rows) => (rows.length === 0 ? light("good", t("quarantine empty"))
      : quarantinedRows(rows, { caption: t("newest", { count: rows.length }), document: (row) => toDocument(row.document_id, row.original_name) })),
  });
}
