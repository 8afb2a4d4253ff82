/** Charts, drawn by uPlot; each is a figure that says what it shows and has a table of the same numbers. */

import { h, scrolling } from "/page/dom.js";
import { clock, day, instant, localDate, month, number } from "/page/format.js";
import { t } from "/page/words.js";

const HEIGHT = 260;
const STEP = 0.5;
const SPACE = 64;
const drawn = new Set();

/**
 * A chart with its caption and table. `x` are seconds since 1970; `series` have label, values, tone, kind (line, bars, band, dots)
 * and decimals; `timezone` is that of the axis, or `of` says that an x is a whole "day" or "month"; `unit` stands at the other one.
 */
export function chart({ name, finding, unit, timezone, x, series, of = "instant", zooms = false, tabled }) {
  const box = h("div", { class: "plot", role: "img", "aria-label": finding });
  const buttons = zooms && h("div", { class: "buttons", role: "group", "aria-label": t("zoom") });
  const figure = h("figure", { "data-chart": name }, h("figcaption", {}, finding), buttons, box,
    h("details", {}, h("summary", {}, t("as table")), scrolling(t("as table"), tabled)));
  const entry = { box, make: () => draw({ box, unit, timezone, x, series, of, zooms }), plot: null };
  watched(entry);
  if (zooms) buttons.append(...zoomButtons(entry, x));
  return figure;
}

/** Colours are those of the theme: draw anew when it changes. */
export function redraw() {
  for (const entry of [...drawn]) {
    if (entry.box.isConnected) remake(entry);
    else forget(entry);
  }
}

function watched(entry) {
  entry.observer = new ResizeObserver(() => {
    if (!entry.box.isConnected) forget(entry);
    else if (entry.plot === null) remake(entry);
    else if (entry.plot.width !== entry.box.clientWidth) entry.plot.setSize({ width: entry.box.clientWidth, height: HEIGHT });
  });
  entry.observer.observe(entry.box);
  drawn.add(entry);
}

function remake(entry) {
  entry.plot?.destroy();
  entry.plot = entry.make();
}

function forget(entry) {
  entry.observer.disconnect();
  entry.plot?.destroy();
  drawn.delete(entry);
}

function draw({ box, unit, timezone, x, series, of, zooms }) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const font = `12px ${style.getPropertyValue("--font")}`;
  const axis = { stroke: colour("ink"), grid: { stroke: colour("line"), width: 1 }, ticks: { stroke: colour("line") }, font };
  const isWhole = of !== "instant";
  const dateOf = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 10);
  const told = (seconds) => ({ month: () => month(dateOf(seconds).slice(0, 7), "short"), day: () => day(dateOf(seconds)), instant: () => instant(seconds * 1000, timezone) })[of]();
  const when = (seconds) => ({ month: () => month(dateOf(seconds).slice(0, 7), "2-digit"), day: () => day(dateOf(seconds), "short"), instant: () => clockOrDay(seconds * 1000, timezone) })[of]();
  const half = isWhole ? (x.length > 1 ? x[1] - x[0] : 86400) / 2 : 0;
  return new uPlot({
    width: box.clientWidth,
    height: HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), isWhole ? "UTC" : timezone),
    cursor: { drag: { x: zooms, y: false, setScale: zooms } },
    legend: { live: true },
    scales: { x: { time: true, range: (_, low, high) => [low - half, high + half] }, y: { range: (_, low, high) => [Math.min(0, low ?? 0), (high || 1) * 1.05] } },
    axes: [
      { ...axis, space: SPACE, values: (_, splits) => splits.map(when), ...(isWhole && { splits: (plot, _, low, high) => thinned(x, low, high, plot.width) }) },
      { ...axis, size: 64, label: unit, labelFont: font, values: (_, splits) => splits.map((value) => number(value, decimalsOf(splits))) },
    ],
    series: [{ label: t(isWhole ? of : "time"), value: (_, seconds) => (seconds === null ? "–" : told(seconds)) },
      ...series.map((each) => ({ ...looks(each, colour), label: each.label, value: (_, value) => number(value, each.decimals) }))],
    bands: bands(series, colour),
  }, [x, ...series.map((each) => each.values)], box);
}

/** Midnight is told as its day, other times as a clock shows them. */
function clockOrDay(at, timezone) {
  const date = localDate(at, timezone);
  return localDate(at - 1, timezone) === date ? clock(at, timezone) : day(date, "short");
}

/** As many of the days or months as there is room for, so that each label stands under its bar. */
function thinned(x, low, high, width) {
  const seen = x.filter((at) => at >= low && at <= high);
  const every = Math.max(1, Math.ceil((seen.length * SPACE) / Math.max(width - 80, SPACE)));
  return seen.filter((_, place) => place % every === 0);
}

function decimalsOf(splits) {
  const step = splits.length > 1 ? Math.abs(splits[1] - splits[0]) : 1;
  return Math.max(0, Math.min(3, -Math.floor(Math.log10(step) + 1e-9)));
}

function looks({ kind = "line", tone }, colour) {
  const stroke = colour(tone);
  if (kind === "bars") return { stroke, fill: colour(tone), paths: uPlot.paths.bars({ size: [0.7, 40] }), points: { show: false } };
  if (kind === "steps") return { stroke, width: 2, dash: [6, 4], paths: uPlot.paths.stepped({ align: 1 }), points: { show: false } };
  if (kind === "edge") return { stroke, width: 1, dash: [2, 3], points: { show: false } };
  if (kind === "dots") return { stroke, width: 0, paths: () => null, points: { show: true, size: 8, fill: stroke } };
  return { stroke, width: 2, points: { show: false } };
}

/** Two neighbouring edges enclose a band. */
function bands(series, colour) {
  const first = series.findIndex(({ kind }) => kind === "edge");
  return first < 0 ? [] : [{ series: [first + 2, first + 1], fill: colour("band") }];
}

function zoomButtons(entry, x) {
  const least = x[0];
  const most = x[x.length - 1];
  const move = (change) => () => {
    const { min, max } = entry.plot.scales.x;
    const [low, high] = change(min, max);
    entry.plot.setScale("x", { min: Math.max(least, low), max: Math.min(most, high) });
  };
  const around = (factor) => move((min, max) => {
    const half = Math.max(300, ((max - min) / 2) * factor);
    const middle = (min + max) / 2;
    return [middle - half, middle + half];
  });
  const aside = (side) => move((min, max) => {
    const step = Math.min(Math.max((max - min) * STEP * side, least - min), most - max);
    return [min + step, max + step];
  });
  return [[t("zoom in"), around(0.5)], [t("zoom out"), around(2)], [t("earlier"), aside(-1)], [t("later"), aside(1)],
    [t("zoom all"), move(() => [least, most])]].map(([label, onclick]) => h("button", { type: "button", onclick }, label));
}
