/** Inverter by day as a table: the number is in the cell, a sign beside it where something is wrong, the finding in the caption. */

import { atItsEnd, h, scrolling } from "/page/dom.js";
import { day, number, percent, withUnit } from "/page/format.js";
import { t } from "/page/words.js";

const SIGNS = { "slightly low": "▽", low: "▼", "very low": "▼", zero: "✕" };
const BAD = ["low", "very low", "zero"];

/** `rows` are answers of `/plants/{id}/inverter-days`; `names` by device id. */
export function heatMap(rows, names) {
  const days = [...new Set(rows.map((row) => row.local_date))].sort();
  const inverters = [...Map.groupBy(rows, (row) => row.device_id)]
    .map(([deviceId, own]) => ({ name: names.get(deviceId) ?? `#${deviceId}`, byDay: new Map(own.map((row) => [row.local_date, row])), own }))
    .sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
  const head = h("tr", {}, h("th", { scope: "col" }, t("inverter")), days.map((date) => h("th", { scope: "col" }, day(date, "short"))));
  const body = inverters.map(({ name, byDay }) => h("tr", {}, h("th", { scope: "row" }, name), days.map((date) => cell(byDay.get(date)))));
  return [
    atItsEnd(scrolling(t("inverters by day"), h("table", { class: "heat", "data-name": "heat" },
      h("caption", {}, h("span", { class: "stays" }, finding(inverters, days))), h("thead", {}, head), h("tbody", {}, body)))),
    h("p", { class: "key" }, t("heat key")),
  ];
}

function cell(row) {
  if (row === undefined) return h("td", { class: "unknown" }, h("span", { class: "visually-hidden" }, t("verdict not compared")));
  const kind = row.verdict.replaceAll(" ", "-");
  const title = row.verdict === "not compared" ? t(`reason ${row.reason}`, {}, row.reason ?? "")
    : `${t(`verdict ${row.verdict}`)}: ${percent(row.peer_share, 1)}${row.lost_kwh ? `, −${withUnit(row.lost_kwh, "kWh")}` : ""}`;
  if (row.verdict === "not compared") return h("td", { class: kind, title }, "–", h("span", { class: "visually-hidden" }, title));
  const sign = SIGNS[row.verdict];
  return h("td", { class: kind, title }, row.peer_share === null ? "–" : number(row.peer_share * 100, 0),
    sign && [h("span", { "aria-hidden": "true" }, sign), h("span", { class: "visually-hidden" }, t(`verdict ${row.verdict}`))]);
}

function finding(inverters, days) {
  const worst = inverters
    .map(({ name, own }) => ({ name, bad: own.filter((row) => BAD.includes(row.verdict)).sort((a, b) => a.local_date.localeCompare(b.local_date)),
      lost: own.reduce((sum, row) => sum + (row.lost_kwh ?? 0), 0) }))
    .filter(({ bad }) => bad.length > 0)
    .sort((a, b) => b.lost - a.lost || b.bad.length - a.bad.length);
  if (worst.length === 0) return t("heat fine", { count: inverters.length, days: days.length });
  const [{ name, bad, lost }] = worst;
  return t("heat finding", { count: worst.length, name, bad: bad.length, days: days.length, first: day(bad[0].local_date),
    last: day(bad.at(-1).local_date), lost: withUnit(lost, "kWh") });
}
