/** One plant: what is wrong first, then a day's power, days against the target, inverters beside each other, what is ahead. */

import { chart } from "/page/charts.js";
import { get, getAll } from "/page/client.js";
import { h, scrolling, table } from "/page/dom.js";
import { downloadButton } from "/page/downloads.js";
import { addDays, age, bytes, clock, day, feedName, instant, localDate, month, number, percent, withUnit, word } from "/page/format.js";
import { SEVERITIES, TONE_OF, light } from "/page/lights.js";
import { fill, section } from "/page/section.js";
import { language, t } from "/page/words.js";
import { ruleName, toDocument } from "/page/views/deliveries.js";
import { heatMap } from "/page/views/heat_map.js";

const RANGES = [7, 30, 90];
const LONGEST_BACK = 3650;
const COMPLETE = 0.9;
const HELD_SHOWN = 50;
const AIRFLOW = document.querySelector("meta[name=airflow-url]").content;

export function view({ id, query, signal, title }) {
  const heading = h("h1", { tabindex: "-1" }, t("plant"));
  const body = h("div", {});
  title(t("plant"));
  fill(body, {
    signal,
    load: () => loadPlant(id, signal),
    show: (found) => {
      heading.textContent = found.plant.name;
      title(found.plant.name);
      return plantBody(found, { id, query, signal });
    },
  });
  return [h("p", { class: "crumbs" }, h("a", { href: "#/" }, `← ${t("fleet")}`)), heading, body];
}

async function loadPlant(id, signal) {
  const [{ data: plant }, { data: devices }, freshness] = await Promise.all([
    get(`/plants/${id}`, signal), getAll(`/devices?plant_id=${id}&limit=1000`, signal),
    getAll(`/health/devices?plant_id=${id}&limit=1000`, signal),
  ]);
  const lastAt = freshness.data.map((each) => each.last_measured_at).filter(Boolean)
    .reduce((last, at) => (last === null || new Date(at) > new Date(last) ? at : last), null);
  const names = new Map(devices.map((device) => [device.device_id, device.name]));
  return { plant, devices, names, lastAt, freshness, asOf: freshness.as_of };
}

function plantBody(found, { id, query, signal }) {
  const { plant, lastAt, asOf } = found;
  const newest = localDate(lastAt ?? asOf, plant.timezone);
  const asked = query.get("day");
  const chosen = {
    day: /^\d{4}-\d\d-\d\d$/.test(asked ?? "") ? asked : newest,
    days: RANGES.includes(Number(query.get("days"))) ? Number(query.get("days")) : 30,
  };
  const at = { id, signal, ...found };
  const ofDay = h("div", {});
  const ofRange = h("div", {});
  const refill = () => {
    history.replaceState(null, "", `#/plants/${id}?day=${chosen.day}&days=${chosen.days}`);
    ofDay.replaceChildren(power(at, chosen));
    ofRange.replaceChildren(daily(at, chosen), inverters(at, chosen), ranking(at, chosen), quality(at, chosen));
  };
  refill();
  return [facts(found), alarms(at), controls(chosen, newest, refill), ofDay, ofRange, quarantine(at), forecast(at), reports(at)];
}

function facts({ plant, freshness, lastAt, asOf }) {
  const silentS = lastAt === null ? null : (new Date(asOf) - new Date(lastAt)) / 1000;
  const online = freshness.data.filter((each) => each.state === "online").length;
  const count = freshness.data.filter((each) => each.state !== "retired").length;
  const told = silentS === null ? light("none", t("never spoke")) : light(silentS > freshness.offline_after_s ? "watch" : "good",
    `${t("last reading")} ${instant(lastAt, plant.timezone)} (${t("ago", { age: age(silentS) })})`);
  return h("p", { class: "facts" }, told, ` · ${t("devices online", { online, count })}`,
    plant.city && ` · ${plant.city}`, plant.capacity_kwp !== null && ` · ${withUnit(plant.capacity_kwp, "kWp")}`, ` · ${plant.timezone}`);
}

function controls(chosen, newest, refill) {
  const input = h("input", { type: "date", name: "day", value: chosen.day, max: newest, required: true,
    onchange: (event) => { if (event.target.validity.valid) go(event.target.value); } });
  const go = (date) => { chosen.day = date; input.value = date; refill(); };
  const options = RANGES.map((days) => h("option", { value: days, selected: days === chosen.days }, t("days", { days })));
  return h("div", { class: "controls", role: "group", "aria-label": t("day and range") },
    h("button", { type: "button", "aria-label": t("day before"), onclick: () => go(addDays(chosen.day, -1)) }, "‹"),
    h("label", {}, t("day"), " ", input),
    h("button", { type: "button", "aria-label": t("day after"), onclick: () => { if (chosen.day < newest) go(addDays(chosen.day, 1)); } }, "›"),
    h("label", {}, t("range until then"), " ", h("select", { name: "days",
      onchange: (event) => { chosen.days = Number(event.target.value); refill(); } }, options)));
}

function alarms({ id, plant, names, signal, asOf }) {
  const from = addDays(localDate(asOf, plant.timezone), -LONGEST_BACK);
  return section({
    title: t("open alarms"), name: "alarms", signal,
    load: async () => (await getAll(`/plants/${id}/alarms?open=true&from=${from}&limit=1000`, signal)).data,
    show: (rows) => (rows.length === 0 ? light("good", t("no open alarm")) : table({
      caption: t("alarms open", { count: rows.length }), name: "alarms", hidden: true, rows: bySeverity(rows),
      columns: [
        { label: t("severity"), cell: (row) => light(TONE_OF[row.severity], word("severity", row.severity)) },
        { label: t("device"), head: true, cell: (row) => deviceName(names, row.device_id) },
        { label: t("alarm"), cell: (row) => alarmName(row) },
        { label: t("since"), cell: (row) => instant(row.raised_at, plant.timezone) },
        { label: t("lost"), figure: true, cell: (row) => withUnit(row.lost_kwh, "kWh") },
        { label: t("seen"), cell: (row) => seen(row, plant.timezone) },
      ],
    })),
  });
}

function bySeverity(rows) {
  return [...rows].sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) || b.raised_at.localeCompare(a.raised_at));
}

function deviceName(names, deviceId) {
  return deviceId === null ? t("whole plant") : names.get(deviceId) ?? `#${deviceId}`;
}

/** Alarms of our own have codes that we know the words of; a vendor's name stays as the vendor wrote it. */
function alarmName(row) {
  return row.origin === "heliograph" ? t(`alarm ${row.code}`, {}, row.name) : `${row.name} (${row.code})`;
}

function seen(row, timezone) {
  if (row.acknowledged_at !== null) {
    return [`${row.acknowledged_by}, ${instant(row.acknowledged_at, timezone)}`, row.note && h("br"), row.note];
  }
  if (!AIRFLOW) return t("not yet");
  // The form is Airflow's: it knows who may do this.
  return h("a", { href: `${AIRFLOW}/dags/acknowledge_alarm`, target: "_blank", rel: "noopener" }, t("acknowledge", { alarm: row.alarm_id }));
}

function power({ id, plant, signal }, { day: date }) {
  const span = `from=${date}&to=${addDays(date, 1)}&quantity=ac_power_kw`;
  return section({
    title: `${t("power of the day")}, ${day(date, "long")}`, name: "power", signal,
    load: async () => {
      const [minutes, hours] = await Promise.all(["minute", "hour"].map((grain) => get(`/plants/${id}/rollups?grain=${grain}&${span}`, signal)));
      return { minutes: minutes.data.map(ofMinute).filter((row) => row.mean !== null), hours: hours.data };
    },
    show: ({ minutes, hours }) => {
      const rows = minutes.length ? minutes : hours.filter((row) => row.mean !== null);
      if (rows.length === 0) return t("no power");
      const most = rows.reduce((best, row) => (row.mean > best.mean ? row : best));
      const [x, values] = withGaps(rows.map((row) => [Date.parse(row.starts_at) / 1000, row.mean]));
      return chart({
        name: "power", zooms: true, unit: "kW", timezone: plant.timezone, x, series: [{ label: t("power kw"), values, tone: "sun" }],
        finding: t("power finding", { power: withUnit(most.mean, "kW"), time: clock(most.starts_at, plant.timezone) }),
        tabled: table({ caption: t("hours of", { day: day(date, "long") }), name: "power", rows: hours, columns: [
          { label: t("hour"), head: true, cell: (row) => clock(row.starts_at, plant.timezone) },
          { label: t("mean kw"), figure: true, cell: (row) => number(row.mean) },
          { label: t("energy kwh"), figure: true, cell: (row) => number(row.energy_kwh) },
          { label: t("coverage"), figure: true, cell: (row) => percent(row.coverage) },
        ] }),
      });
    },
  });
}

/** The minutes of a plant between two readings have an energy and no mean: energy of a minute by a minute is its power. */
function ofMinute(row) {
  return row.mean === null && row.energy_kwh !== null ? { ...row, mean: row.energy_kwh * 60 } : row;
}

/** Points with a hole wherever time passed without any: silence is no straight line. */
export function withGaps(points) {
  const steps = points.slice(1).map(([at], place) => at - points[place][0]).sort((a, b) => a - b);
  const usual = steps[Math.floor(steps.length / 2)] ?? 0;
  const x = [];
  const values = [];
  points.forEach(([at, value], place) => {
    if (place > 0 && at - points[place - 1][0] > 3 * usual) {
      x.push(points[place - 1][0] + usual);
      values.push(null);
    }
    x.push(at);
    values.push(value);
  });
  return [x, values];
}

function rangeOf({ day: last, days }) {
  return { first: addDays(last, 1 - days), end: addDays(last, 1) };
}

function daily({ id, signal }, chosen) {
  const { first, end } = rangeOf(chosen);
  return section({
    title: t("daily energy"), name: "daily", signal,
    load: async () => {
      const [energy, performance] = await Promise.all([
        get(`/plants/${id}/energy?grain=day&from=${first}&to=${end}`, signal),
        get(`/plants/${id}/performance?as_of=${chosen.day}`, signal),
      ]);
      return { rows: energy.data, performance };
    },
    show: ({ rows, performance }) => {
      if (rows.length === 0) return t("no energy");
      const targets = monthTargets(performance);
      const x = rows.map((row) => Date.parse(`${row.local_date}T00:00Z`) / 1000);
      const target = rows.map((row) => dayTarget(targets, row.local_date));
      const hasTarget = target.some((value) => value !== null);
      const series = [{ label: t("energy kwh"), values: rows.map((row) => row.energy_kwh), tone: "blue", kind: "bars" }];
      if (hasTarget) series.push({ label: t("target kwh"), values: target, tone: "sun", kind: "steps" });
      return [
        windows(performance),
        chart({
          name: "daily", unit: "kWh", of: "day", x, series, finding: dailyFinding(rows, target),
          tabled: table({ caption: t("daily energy"), name: "daily", rows: rows.map((row, place) => ({ ...row, target: target[place] })), columns: [
            { label: t("day"), head: true, cell: (row) => day(row.local_date) },
            { label: t("energy kwh"), figure: true, cell: (row) => number(row.energy_kwh) },
            { label: t("target kwh"), figure: true, cell: (row) => number(row.target) },
            { label: t("completeness"), figure: true, cell: (row) => percent(row.mean_completeness) },
            { label: t("note"), cell: (row) => (row.provisional ? t("provisional") : "") },
          ] }),
        }),
      ];
    },
  });
}

function windows({ data, calendar }) {
  const rows = [...data, ...calendar.filter((row) => row.window.endsWith("_to_date"))];
  return table({
    caption: t("against the target"), name: "performance", rows, columns: [
      { label: t("window"), head: true, cell: (row) => t(`window ${row.window}`, {}, row.window) },
      { label: t("energy kwh"), figure: true, cell: (row) => number(row.measured_kwh) },
      { label: t("target kwh"), figure: true, cell: (row) => number(row.target_kwh) },
      { label: t("performance"), figure: true, cell: (row) => percent(row.performance_index, 1) },
      { label: t("counted days"), figure: true, cell: (row) => `${row.days_counted} / ${row.days_expected}` },
      { label: t("note"), cell: (row) => (row.missing ? t(`missing ${row.missing}`) : "") },
    ],
  });
}

function monthTargets({ data, calendar }) {
  return new Map([...data, ...calendar].flatMap((row) => row.targets).map((each) => [each.month, each.target_kwh]));
}

/** A day's equal part of its month's target. */
function dayTarget(targets, date) {
  const target = targets.get(date.slice(0, 7));
  const [year, number_] = date.split("-").map(Number);
  return target === undefined ? null : target / new Date(Date.UTC(year, number_, 0)).getUTCDate();
}

function dailyFinding(rows, target) {
  const known = rows.filter((row) => row.energy_kwh !== null);
  const total = known.reduce((sum, row) => sum + row.energy_kwh, 0);
  const judged = rows.filter((row, place) => target[place] !== null && row.energy_kwh !== null);
  const below = rows.filter((row, place) => target[place] !== null && row.energy_kwh !== null && row.energy_kwh < target[place]);
  const said = t("daily finding", { energy: withUnit(total, "kWh"), days: known.length });
  return judged.length ? `${said} ${t("daily below", { below: below.length, judged: judged.length })}` : said;
}

function inverters({ id, names, devices, signal }, chosen) {
  const { first, end } = rangeOf(chosen);
  const count = devices.filter((device) => device.kind === "inverter").length;
  return section({
    title: t("inverters by day"), name: "heat", signal,
    load: async () => (await getAll(`/plants/${id}/inverter-days?from=${first}&to=${end}&limit=1000`, signal)).data,
    show: (rows) => (rows.length === 0 ? t(count ? "no comparison" : "no inverters") : heatMap(rows, names)),
  });
}

function ranking({ id, signal }, chosen) {
  const { first, end } = rangeOf(chosen);
  return section({
    title: t("ranking"), name: "ranking", signal,
    load: async () => (await get(`/plants/${id}/inverter-ranks?from=${first}&to=${end}`, signal)).data,
    show: (rows) => (rows.length === 0 ? t("no ranking") : table({
      caption: t("ranking by yield", { days: rows[0].days }), name: "ranking", rows, columns: [
        { label: t("rank"), figure: true, cell: (row) => row.rank },
        { label: t("inverter"), head: true, cell: (row) => row.name },
        { label: t("specific yield"), figure: true, cell: (row) => number(row.specific_yield_kwh_kw) },
        { label: t("energy kwh"), figure: true, cell: (row) => number(row.energy_kwh) },
        { label: t("rating kw"), figure: true, cell: (row) => number(row.capacity_kw) },
      ],
    })),
  });
}

function quality({ id, names, signal }, chosen) {
  const { first, end } = rangeOf(chosen);
  return section({
    title: t("data quality"), name: "quality", signal,
    load: async () => {
      const span = `from=${first}&to=${end}&limit=1000`;
      const [checks, counters] = await Promise.all([
        getAll(`/plants/${id}/energy-check?${span}`, signal), getAll(`/plants/${id}/counter-days?${span}`, signal),
      ]);
      return { checks: checks.data.filter((row) => row.is_flagged || (row.completeness !== null && row.completeness < COMPLETE)), counters: counters.data };
    },
    show: ({ checks, counters }) => {
      if (checks.length + counters.length === 0) return light("good", t("quality good"));
      return [
        checks.length > 0 && scrolling(t("days with doubts"), table({ caption: t("days with doubts"), name: "checks", rows: checks, columns: [
          { label: t("day"), head: true, cell: (row) => day(row.local_date) },
          { label: t("device"), cell: (row) => deviceName(names, row.device_id) },
          { label: t("completeness"), figure: true, cell: (row) => percent(row.completeness) },
          { label: t("integrated"), figure: true, cell: (row) => number(row.integrated_kwh) },
          { label: t("counted"), figure: true, cell: (row) => number(row.counted_kwh) },
          { label: t("vendor says"), figure: true, cell: (row) => number(row.vendor_kwh) },
          { label: t("deviation"), figure: true, cell: (row) => (row.is_flagged ? light("watch", withUnit(row.deviation_pct, "%")) : withUnit(row.deviation_pct, "%")) },
        ] })),
        counters.length > 0 && scrolling(t("counter days"), table({ caption: t("counter days"), name: "counters", rows: counters, columns: [
          { label: t("day"), head: true, cell: (row) => day(row.local_date) },
          { label: t("device"), cell: (row) => deviceName(names, row.device_id) },
          ...["zeros", "dips", "resets", "held_back"].map((fault) => ({ label: t(`counter ${fault}`), figure: true, cell: (row) => row[fault] })),
        ] })),
      ];
    },
  });
}

function quarantine({ id, names, plant, signal }) {
  return section({
    title: t("quarantine"), name: "quarantine", signal,
    load: async () => get(`/plants/${id}/quarantine?limit=${HELD_SHOWN}`, signal),
    show: ({ data: rows, next }) => (rows.length === 0 ? light("good", t("quarantine empty")) : scrolling(t("quarantine"), table({
      caption: t(next ? "quarantine newest" : "quarantine of plant", { count: rows.length }), name: "quarantine", rows, columns: [
        { label: t("received"), head: true, cell: (row) => toDocument(row.document_id, instant(row.received_at, plant.timezone)) },
        { label: t("source"), cell: (row) => feedName(row.feed) },
        { label: t("device"), cell: (row) => deviceName(names, row.device_id) },
        { label: t("reason"), cell: (row) => ruleName(row.rule) },
        { label: t("rows"), figure: true, cell: (row) => light("watch", number(row.rows, 0)) },
        { label: t("readings from"), cell: (row) => instant(row.first_measured_at, plant.timezone) },
        { label: t("readings until"), cell: (row) => instant(row.last_measured_at, plant.timezone) },
      ],
    }))),
  });
}

function forecast({ id, signal }) {
  return section({
    title: t("forecast"), name: "forecast", signal,
    load: async () => (await get(`/plants/${id}/forecast`, signal)).data,
    show: (data) => {
      const rows = data?.days.filter((row) => row.p50_kwh !== null) ?? [];
      if (rows.length === 0) return data?.reason ? t(`reason ${data.reason}`, {}, data.reason) : t("no forecast");
      const x = rows.map((row) => Date.parse(`${row.local_date}T00:00Z`) / 1000);
      const of = (name) => rows.map((row) => row[name]);
      return chart({
        name: "forecast", unit: "kWh", of: "day", x,
        finding: t("forecast finding", { day: day(rows[0].local_date), p50: withUnit(rows[0].p50_kwh, "kWh"),
          p10: number(rows[0].p10_kwh), p90: number(rows[0].p90_kwh), issued: day(data.issued_on) }),
        series: [
          { label: "P50", values: of("p50_kwh"), tone: "blue" },
          { label: "P10", values: of("p10_kwh"), tone: "blue", kind: "edge" },
          { label: "P90", values: of("p90_kwh"), tone: "blue", kind: "edge" },
          { label: t("made since"), values: of("energy_kwh"), tone: "sun", kind: "dots" },
        ],
        tabled: table({ caption: t("forecast"), name: "forecast", rows, columns: [
          { label: t("day"), head: true, cell: (row) => day(row.local_date) },
          ...["p10", "p50", "p90"].map((name) => ({ label: `${name.toUpperCase()} [kWh]`, figure: true, cell: (row) => number(row[`${name}_kwh`]) })),
          { label: t("made since"), figure: true, cell: (row) => number(row.energy_kwh) },
        ] }),
      });
    },
  });
}

function reports({ id, plant, signal }) {
  return section({
    title: t("reports"), name: "reports", signal,
    load: async () => (await get(`/reports?plant_id=${id}&language=${language()}&limit=24`, signal)).data,
    show: (rows) => (rows.length === 0 ? t("no report") : table({
      caption: t("reports newest first"), name: "reports", hidden: true, rows, columns: [
        { label: t("period"), head: true, cell: reportPeriod },
        { label: t("revision"), figure: true, cell: (row) => row.revision },
        { label: t("issued"), cell: (row) => instant(row.issued_at, plant.timezone) },
        { label: t("note"), cell: (row) => (row.is_stale ? light("watch", t("stale report")) : "") },
        { label: "PDF", cell: (row) => downloadButton(`/reports/${row.report_id}/pdf`, `PDF, ${bytes(row.size_bytes)}`, reportPeriod(row)) },
      ],
    })),
  });
}

function reportPeriod(row) {
  if (row.kind === "month") return month(row.starts_on.slice(0, 7));
  return row.kind === "day" ? day(row.starts_on) : `${day(row.starts_on)} – ${day(row.ends_on)}`;
}
