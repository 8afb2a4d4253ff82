/** All plants, worst first: whether their data is fresh and whether they have faults are two lights, never one. */

import { h, table } from "/page/dom.js";
import { age, change, clock, money, number, percent, withUnit } from "/page/format.js";
import { SEVERITIES, TONE_OF, light } from "/page/lights.js";
import { failure, fill } from "/page/section.js";
import { loadFleet } from "/page/views/fleet_rows.js";
import { t } from "/page/words.js";

const STEP = 100;
const REFRESH_MS = 60_000;
const ORDERS = {
  worst: (a, b) => b.worst - a.worst || Number(b.isLate) - Number(a.isLate) || descending(a.lostKwh, b.lostKwh) || ascending(a.performance, b.performance),
  name: () => 0,
  power: (a, b) => descending(a.powerKw, b.powerKw),
  today: (a, b) => descending(a.todayKwh, b.todayKwh),
  change: (a, b) => ascending(a.changePct, b.changePct),
  performance: (a, b) => ascending(a.performance, b.performance),
  lost: (a, b) => descending(a.lostKwh, b.lostKwh),
};
const FILTERS = { all: () => true, faults: (row) => row.worst > 0, late: (row) => row.isLate };

export function view({ signal, title }) {
  title(t("fleet"));
  const chosen = { order: "worst", filter: "all", words: "", shown: STEP, rows: [], asOf: null };
  const body = h("div", {});
  const heading = h("h1", { tabindex: "-1" }, t("fleet"));
  const load = async () => Object.assign(chosen, await loadFleet(signal));
  fill(body, { signal, load, show: () => (chosen.rows.length === 0 ? t("no plant") : fleetBody(chosen, load, signal)) });
  return [heading, body];
}

function fleetBody(chosen, load, signal) {
  const said = h("p", { class: "facts", role: "status" });
  const list = h("div", { "data-section": "fleet" });
  const stale = h("div", {});
  const render = () => {
    const rows = matching(chosen);
    said.textContent = `${finding(chosen.rows)} ${t("plants shown", { shown: rows.length, count: chosen.rows.length })}. ${t("as of", { time: clock(chosen.asOf) })}.`;
    const focused = list.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    list.replaceChildren(...listed(rows, chosen, render));
    if (focused) list.querySelector(`[href="${focused}"]`)?.focus();
  };
  const refresh = async () => {
    try {
      await load();
      stale.replaceChildren();
      if (!signal.aborted) render();
    } catch (error) {
      if (error.name === "AbortError" || signal.aborted) return;
      // Old figures that look like new ones would be worse than none.
      stale.replaceChildren(h("p", {}, t("not refreshed", { time: clock(chosen.asOf) })), failure(error, refresh));
    }
  };
  const timer = setInterval(() => { if (!document.hidden) refresh(); }, REFRESH_MS);
  signal.addEventListener("abort", () => clearInterval(timer));
  render();
  return [controls(chosen, render, refresh), said, stale, list];
}

function controls(chosen, render, refresh) {
  const change_ = (name) => (event) => { chosen[name] = event.target.value; chosen.shown = STEP; render(); };
  const select = (name, label, values, word) => h("label", {}, label, " ", h("select", { name, onchange: change_(name) },
    Object.keys(values).map((value) => h("option", { value, selected: value === chosen[name] }, t(`${word} ${value}`)))));
  return h("div", { class: "controls", role: "search" },
    h("label", {}, h("span", { class: "visually-hidden" }, t("search")),
      h("input", { type: "search", name: "words", placeholder: t("search"), value: chosen.words, oninput: change_("words") })),
    select("filter", t("show only"), FILTERS, "only"),
    select("order", t("sort by"), ORDERS, "sort"),
    h("button", { type: "button", onclick: refresh }, t("refresh")));
}

function matching({ rows, words, filter, order }) {
  const sought = plain(words);
  return rows.filter((row) => FILTERS[filter](row) && plain(`${row.name} ${row.city ?? ""}`).includes(sought))
    .sort((a, b) => ORDERS[order](a, b) || a.name.localeCompare(b.name, undefined, { numeric: true }));
}

/** Without case and accents: who types "petropolis" looks for Petrópolis. */
function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();
}

/** Compare what may be unknown; the unknown comes last, either way. */
function ascending(a, b) {
  return a === null || b === null ? Number(a === null) - Number(b === null) : a - b;
}

function descending(a, b) {
  return a === null || b === null ? Number(a === null) - Number(b === null) : b - a;
}

function finding(rows) {
  return t("fleet finding", { faulty: rows.filter(FILTERS.faults).length, late: rows.filter(FILTERS.late).length, count: rows.length });
}

function listed(rows, chosen, render) {
  if (rows.length === 0) return [h("p", { class: "nothing" }, t("no match"))];
  const left = rows.length - chosen.shown;
  return [
    table({ caption: t("fleets"), hidden: true, name: "fleet", columns: columns(), rows: rows.slice(0, chosen.shown) }),
    left > 0 && h("p", {}, h("button", { type: "button", onclick: () => { chosen.shown += STEP; render(); } }, t("show more", { count: Math.min(left, STEP) }))),
  ].filter(Boolean);
}

function columns() {
  return [
    { label: t("plant"), head: true, cell: (row) => [h("a", { href: `#/plants/${row.plantId}` }, row.name), row.city && h("span", { class: "more" }, row.city)] },
    { label: t("freshness"), cell: freshness },
    { label: t("faults"), cell: faults },
    { label: t("power now"), figure: true, cell: (row) => number(row.powerKw) },
    { label: t("energy today"), figure: true, cell: (row) => number(row.todayKwh) },
    { label: t("week change"), figure: true, cell: (row) => change(row.changePct) },
    { label: t("performance week"), figure: true, cell: (row) => percent(row.performance) },
    { label: t("open by severity"), cell: alarms },
    { label: t("loss today"), figure: true, cell: loss },
  ];
}

function freshness(row) {
  const said = t(`data ${row.freshness}`, { age: age(row.silenceS) });
  return light({ fresh: "good", late: "watch", night: "none", never: "none" }[row.freshness], said);
}

function faults(row) {
  const worst = SEVERITIES.find((severity) => row.alarms[severity] > 0);
  if (worst !== undefined) return light(TONE_OF[worst], t(`severity ${worst}`));
  // Who hears nothing of a plant does not know that it is well.
  return ["late", "never"].includes(row.freshness) ? light("none", t("no known fault")) : light("good", t("no fault"));
}

function loss(row) {
  return h("span", {}, withUnit(row.lostKwh, "kWh"), row.lostMoney !== null && h("span", { class: "more" }, money(row.lostMoney, row.currency)));
}

function alarms(row) {
  const open = SEVERITIES.filter((severity) => row.alarms[severity] > 0);
  return open.length === 0 ? "0" : open.map((severity) => `${row.alarms[severity]} ${t(`severity ${severity}`)}`).join(", ");
}
