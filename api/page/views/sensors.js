/** Devices and sensors: who still speaks, silent ones first; of one its statistics and a week of hours. */

import { chart } from "/page/charts.js";
import { get, getAll } from "/page/client.js";
import { h, scrolling, table } from "/page/dom.js";
import { age, instant, number, percent, withUnit, word } from "/page/format.js";
import { light } from "/page/lights.js";
import { section } from "/page/section.js";
import { language, t } from "/page/words.js";
import { withGaps } from "/page/views/plant.js";

const KINDS = ["", "sensor", "equipment", "meter", "logger", "inverter", "battery"];
const PERIODS = ["24h", "7d", "30d", "1y"];
const DAYS_SHOWN = 7;

export function view({ id, query, signal, title }) {
  return id === null ? everyDevice(query, signal, title) : oneDevice(id, signal, title);
}

function everyDevice(query, signal, title) {
  title(t("sensors"));
  const kind = KINDS.includes(query.get("kind")) ? query.get("kind") : "";
  const options = KINDS.map((value) => h("option", { value, selected: value === kind }, t(value ? `kind ${value}` : "kind all")));
  const filter = h("p", { class: "controls" }, h("label", {}, t("kind"), " ", h("select", { name: "kind",
    onchange: (event) => { location.hash = `#/sensors?kind=${event.target.value}`; } }, options)));
  return [h("h1", { tabindex: "-1" }, t("sensors")), filter, section({
    title: t("who speaks"), name: "devices", signal,
    load: async () => {
      const [devices, plants] = await Promise.all([getAll(`/health/devices?limit=1000${kind && `&kind=${kind}`}`, signal), getAll("/plants?limit=1000", signal)]);
      return { ...devices, names: new Map(plants.data.map((plant) => [plant.plant_id, plant.name])) };
    },
    show: ({ data, names, as_of: asOf, offline_after_s: limitS }) => (data.length === 0 ? t("no device") : table({
      caption: t("devices spoke", { silent: count(data, "offline"), count: data.length - count(data, "retired"), age: age(limitS) }),
      name: "devices", rows: silentFirst(data), columns: [
        { label: t("device"), head: true, cell: (row) => h("a", { href: `#/sensors/${row.device_id}` }, row.name) },
        { label: t("plant"), cell: (row) => names.get(row.plant_id) ?? "–" },
        { label: t("kind"), cell: (row) => word("kind", row.kind) },
        { label: t("state"), cell: (row) => stateOf(row) },
        { label: t("last reading"), cell: (row) => (row.last_measured_at === null ? t("never")
          : `${instant(row.last_measured_at)} (${t("ago", { age: age((new Date(asOf) - new Date(row.last_measured_at)) / 1000) })})`) },
      ],
    })),
  })];
}

function count(rows, state) {
  return rows.filter((row) => row.state === state).length;
}

function stateOf(row) {
  if (row.last_measured_at === null) return light("none", t("never spoke"));
  if (row.state === "retired") return light("none", t("retired"));
  return row.state === "online" ? light("good", t("online")) : light("watch", t("offline"));
}

function silentFirst(rows) {
  const rank = (row) => (row.state === "retired" ? 3 : row.state === "online" ? 2 : row.last_measured_at === null ? 1 : 0);
  return [...rows].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name, undefined, { numeric: true }));
}

function oneDevice(id, signal, title) {
  const heading = h("h1", { tabindex: "-1" }, t("device"));
  title(t("device"));
  const chosen = { period: "7d" };
  const statistics = h("div", {});
  const refill = () => statistics.replaceChildren(statisticsOf(id, chosen.period, signal));
  const buttons = PERIODS.map((period) => h("option", { value: period, selected: period === chosen.period }, t(`period ${period}`)));
  const choice = h("p", { class: "controls" }, h("label", {}, t("period"), " ", h("select", { name: "period",
    onchange: (event) => { chosen.period = event.target.value; refill(); } }, buttons)));
  refill();
  return [h("p", { class: "crumbs" }, h("a", { href: "#/sensors" }, `← ${t("sensors")}`)), heading, history(id, heading, signal, title), choice, statistics];
}

function history(id, heading, signal, title) {
  return section({
    title: t("last days", { days: DAYS_SHOWN }), name: "history", signal,
    load: async () => {
      const [{ data: device }, { data: series }, freshness] = await Promise.all([
        get(`/devices/${id}`, signal), getAll(`/series?device_id=${id}&limit=1000`, signal), getAll("/health/devices?limit=1000", signal),
      ]);
      heading.textContent = device.name;
      title(device.name);
      const lastAt = freshness.data.find((row) => row.device_id === device.device_id)?.last_measured_at;
      const numbers = series.filter((each) => each.kind !== "state");
      if (!lastAt) return [];
      const end = new Date(Date.parse(lastAt) + 3600_000);
      const from = new Date(end.getTime() - DAYS_SHOWN * 86400_000);
      const span = `from=${from.toISOString()}&to=${end.toISOString()}`;
      return Promise.all(numbers.map((each) => get(`/series/${each.series_id}/rollups?grain=hour&${span}`, signal)));
    },
    show: (answers) => {
      const charts = answers.map(hourly).filter(Boolean);
      return charts.length ? charts : t("no reading");
    },
  });
}

function hourly(answer) {
  const rows = answer.data.filter((row) => row.mean !== null);
  if (rows.length === 0) return null;
  const [x, values] = withGaps(rows.map((row) => [Date.parse(row.starts_at) / 1000, row.mean]));
  const label = answer.label?.[language()] ?? answer.quantity;
  const unit = answer.unit ?? "";
  return chart({
    name: answer.quantity, unit, timezone: answer.timezone, x, zooms: true, series: [{ label, values, tone: "blue" }],
    finding: t("sensor finding", { label, low: number(Math.min(...rows.map((row) => row.min))), high: withUnit(Math.max(...rows.map((row) => row.max)), unit) }),
    tabled: table({ caption: label, name: answer.quantity, rows, columns: [
      { label: t("hour"), head: true, cell: (row) => instant(row.starts_at, answer.timezone) },
      ...["mean", "min", "max"].map((name) => ({ label: `${t(name)} [${unit}]`, figure: true, cell: (row) => number(row[name]) })),
      { label: t("coverage"), figure: true, cell: (row) => percent(row.coverage) },
    ] }),
  });
}

function statisticsOf(id, period, signal) {
  return section({
    title: t("statistics"), name: "statistics", signal,
    load: () => get(`/devices/${id}/statistics?period=${period}`, signal),
    show: ({ data, start, end, timezone }) => (data.length === 0 ? t("no reading") : scrolling(t("statistics"), table({
      caption: `${instant(start, timezone)} – ${instant(end, timezone)}`, name: "statistics", rows: data, columns: [
        { label: t("quantity"), head: true, cell: (row) => `${row.name}: ${row.quantity}${row.unit ? ` [${row.unit}]` : ""}` },
        ...["mean", "min", "max", "stddev"].map((name) => ({ label: t(name), figure: true, cell: (row) => number(row[name]) })),
        { label: t("readings"), figure: true, cell: (row) => number(row.reading_count, 0) },
        { label: t("coverage"), figure: true, cell: (row) => percent(row.coverage) },
        { label: t("last state"), cell: (row) => row.last_state ?? "" },
      ],
    }))),
  });
}
