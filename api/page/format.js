/** Numbers and times as the chosen language writes them; null is a dash, never a zero. */

import { locale, t } from "/page/words.js";

const NOTHING = "–";
const VENDORS = {
  sungrow: "Sungrow iSolarCloud", deye: "Deye Cloud", huawei: "Huawei FusionSolar", solaredge: "SolarEdge", growatt: "Growatt",
};
const remembered = new Map();

function formatter(kind, options) {
  const key = JSON.stringify([kind.name, locale(), options]);
  if (!remembered.has(key)) remembered.set(key, new kind(locale(), options));
  return remembered.get(key);
}

/** A number with so many decimals; 0 to 3 of them by its size where none are given. */
export function number(value, decimals) {
  if (value === null || value === undefined) return NOTHING;
  const size = Math.abs(value);
  const digits = decimals ?? (size >= 100 || size === 0 ? 0 : size >= 10 ? 1 : 2);
  return formatter(Intl.NumberFormat, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
}

export function withUnit(value, unit, decimals) {
  return value === null || value === undefined ? NOTHING : `${number(value, decimals)} ${unit}`;
}

/** A ratio (1 = all) in percent. */
export function percent(ratio, decimals = 0) {
  return ratio === null || ratio === undefined ? NOTHING : `${number(ratio * 100, decimals)} %`;
}

/** A change in percent with its sign, always. */
export function change(pct, decimals = 0) {
  if (pct === null || pct === undefined) return NOTHING;
  const written = formatter(Intl.NumberFormat, { maximumFractionDigits: decimals, signDisplay: "exceptZero" }).format(pct);
  return `${written} %`;
}

export function money(amount, currency) {
  if (amount === null || amount === undefined || !currency) return NOTHING;
  return formatter(Intl.NumberFormat, { style: "currency", currency, maximumFractionDigits: 0 }).format(amount);
}

/** Day and time in a zone; without one in that of the browser, which is then named. */
export function instant(at, timezone) {
  if (!at) return NOTHING;
  const written = { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" };
  const options = timezone ? { ...written, timeZone: timezone } : { ...written, timeZoneName: "short" };
  return formatter(Intl.DateTimeFormat, options).format(new Date(at));
}

export function clock(at, timezone) {
  return at ? formatter(Intl.DateTimeFormat, { timeStyle: "short", timeZone: timezone }).format(new Date(at)) : NOTHING;
}

/** A local date such as 2026-11-21, which has no zone. */
export function day(date, style = "medium") {
  const options = style === "short" ? { day: "2-digit", month: "2-digit" } : { dateStyle: style };
  return date ? formatter(Intl.DateTimeFormat, { ...options, timeZone: "UTC" }).format(new Date(`${date}T00:00Z`)) : NOTHING;
}

export function month(written, style = "long") {
  return formatter(Intl.DateTimeFormat, { month: style, year: "numeric", timeZone: "UTC" }).format(new Date(`${written}-01T00:00Z`));
}

/** How long ago, in the one unit that says enough. */
export function age(seconds) {
  if (seconds === null || seconds === undefined) return NOTHING;
  const [size, unit] = [[86400, "day"], [3600, "hour"], [60, "minute"]].find(([least]) => seconds >= least) ?? [60, "minute"];
  const count = Math.max(0, Math.floor(seconds / size));
  return formatter(Intl.NumberFormat, { style: "unit", unit, unitDisplay: "long" }).format(count);
}

/** The local date of an instant in a zone. */
export function localDate(at, timezone) {
  const parts = new Intl.DateTimeFormat("en", { year: "numeric", month: "2-digit", day: "2-digit", timeZone: timezone });
  const found = Object.fromEntries(parts.formatToParts(new Date(at)).map((part) => [part.type, part.value]));
  return `${found.year.padStart(4, "0")}-${found.month}-${found.day}`;
}

/** The date so many days later. */
export function addDays(date, days) {
  const moved = new Date(`${date}T00:00Z`);
  moved.setUTCDate(moved.getUTCDate() + days);
  return moved.toISOString().slice(0, 10);
}

export function bytes(count) {
  return count >= 1e6 ? withUnit(count / 1e6, "MB") : withUnit(count / 1e3, "kB");
}

/** What a feed is, in the chosen language; those of a vendor are `<vendor>_<kind>`. */
export function feedName(feed) {
  const [, vendor, kind] = /^([a-z]+)_(fleet|plants|devices|alarms)$/.exec(feed) ?? [];
  return kind ? t(`vendor ${kind}`, { vendor: VENDORS[vendor] ?? vendor }) : word("feed", feed);
}

/** A word of the API in the chosen language; a word that we do not know stays as it is. */
export function word(kind, value) {
  return value === null || value === undefined ? NOTHING : t(`${kind} ${value}`, {}, value);
}
