/** Customers: who draws how much, which months are unusual and why; of one customer its months within their limits. */

import { chart } from "/page/charts.js";
import { get, getAll } from "/page/client.js";
import { h, scrolling, table } from "/page/dom.js";
import { month, number, percent } from "/page/format.js";
import { light } from "/page/lights.js";
import { section } from "/page/section.js";
import { language, t } from "/page/words.js";

export function view({ id, signal, title }) {
  return id === null ? everybody(signal, title) : one(id, signal, title);
}

function everybody(signal, title) {
  title(t("customers"));
  return [h("h1", { tabindex: "-1" }, t("customers")), anomalies("", signal), ranking(signal)];
}

function one(id, signal, title) {
  const heading = h("h1", { tabindex: "-1" }, t("customer"));
  title(t("customer"));
  const months = section({
    title: t("consumption by month"), name: "months", signal,
    load: async () => {
      const [{ data: customer }, { data: rows }, { data: checks }] = await Promise.all([
        get(`/customers/${id}`, signal), getAll(`/customers/${id}/consumption?limit=1000`, signal),
        getAll(`/customers/${id}/consumption/checks?limit=1000`, signal),
      ]);
      return { customer, rows: [...rows].sort((a, b) => a.month.localeCompare(b.month)), checks };
    },
    show: ({ customer, rows, checks }) => {
      heading.textContent = customer.name;
      title(customer.name);
      return rows.length === 0 ? t("no consumption") : monthsOf(rows, new Map(checks.map((check) => [check.month, check])));
    },
  });
  return [h("p", { class: "crumbs" }, h("a", { href: "#/customers" }, `← ${t("customers")}`)), heading, months, anomalies(`&customer_id=${id}`, signal)];
}

function monthsOf(rows, checks) {
  const of = (name) => rows.map((row) => checks.get(row.month)?.[name] ?? null);
  const unusual = rows.filter((row) => checks.get(row.month) && checks.get(row.month).verdict !== "usual");
  return chart({
    name: "months", unit: "kWh", of: "month", x: rows.map((row) => Date.parse(`${row.month}-01T00:00Z`) / 1000),
    finding: unusual.length ? t("months unusual", { count: unusual.length, month: month(unusual.at(-1).month) }) : t("months usual"),
    series: [
      { label: t("consumption kwh"), values: rows.map((row) => row.consumption_kwh), tone: "blue", kind: "bars" },
      { label: t("lower limit"), values: of("lower_kwh"), tone: "sun", kind: "edge" },
      { label: t("upper limit"), values: of("upper_kwh"), tone: "sun", kind: "edge" },
    ],
    tabled: table({ caption: t("consumption by month"), name: "months", rows, columns: [
      { label: t("month"), head: true, cell: (row) => month(row.month) },
      { label: t("consumption kwh"), figure: true, cell: (row) => number(row.consumption_kwh) },
      ...["peak", "intermediate", "off_peak"].map((part) => ({ label: `${t(`part ${part}`)} [kWh]`, figure: true, cell: (row) => number(row[`${part}_kwh`]) })),
      { label: t("expected"), figure: true, cell: (row) => number(checks.get(row.month)?.expected_kwh) },
      { label: t("limits"), figure: true, cell: (row) => limits(checks.get(row.month)) },
      { label: t("judged"), cell: (row) => judged(checks.get(row.month)) },
    ] }),
  });
}

function limits(check) {
  return check === undefined ? "–" : `${number(check.lower_kwh)} … ${number(check.upper_kwh)}`;
}

function judged(check) {
  if (check === undefined) return t("not judged");
  return light(check.verdict === "usual" ? "good" : "watch", t(`judged ${check.verdict}`));
}

function anomalies(filter, signal) {
  return section({
    title: t("unusual months"), name: "anomalies", signal,
    load: async () => (await get(`/consumption/anomalies?limit=100${filter}`, signal)).data,
    show: (rows) => (rows.length === 0 ? light("good", t("no unusual month")) : scrolling(t("unusual months"), table({
      caption: t("unusual newest"), name: "anomalies", rows, columns: [
        { label: t("month"), cell: (row) => month(row.month) },
        { label: t("customer"), head: true, cell: (row) => h("a", { href: `#/customers/${row.customer_id}` }, row.name, row.point_key && ` / ${row.point_key}`) },
        { label: t("judgement"), cell: (row) => judged(row) },
        { label: t("consumption kwh"), figure: true, cell: (row) => number(row.consumption_kwh) },
        { label: t("limits"), figure: true, cell: (row) => limits(row) },
        { label: t("reason"), cell: (row) => row.reason?.[language()] ?? "" },
      ],
    }))),
  });
}

function ranking(signal) {
  return section({
    title: t("customers by consumption"), name: "ranking", signal,
    load: async () => (await getAll("/consumption/ranking?limit=1000", signal)).data,
    show: (rows) => (rows.length === 0 ? t("no customer") : table({
      caption: t("customers largest"), name: "ranking", rows, columns: [
        { label: t("rank"), figure: true, cell: (row) => row.rank },
        { label: t("customer"), head: true, cell: (row) => h("a", { href: `#/customers/${row.customer_id}` }, row.name) },
        { label: t("document number"), cell: (row) => row.document },
        { label: t("total kwh"), figure: true, cell: (row) => number(row.total_kwh) },
        { label: t("mean kwh"), figure: true, cell: (row) => number(row.mean_kwh) },
        { label: t("share"), figure: true, cell: (row) => percent(row.share_pct === null ? null : row.share_pct / 100, 1) },
      ],
    })),
  });
}
