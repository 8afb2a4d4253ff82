/** What the API says of all plants, as the rows of the fleet. */

import { getAll } from "/page/client.js";
import { SEVERITIES } from "/page/lights.js";

/** Rows of every plant, and the server's clock: that of the browser may be wrong. */
export async function loadFleet(signal) {
  const [now, performance] = await Promise.all([
    getAll("/fleet?limit=1000", signal), getAll("/performance?window=7_days&limit=1000", signal),
  ]);
  const indices = new Map(performance.data.map((row) => [row.plant_id, row.performance.performance_index]));
  return { asOf: now.as_of, rows: now.data.map((row) => rowOf(row, now.as_of, indices.get(row.plant_id) ?? null)) };
}

function rowOf(row, asOf, performance) {
  const worst = SEVERITIES.findIndex((severity) => row.open_alarms[severity] > 0);
  return {
    plantId: row.plant_id, name: row.name, city: row.city ?? null, freshness: row.freshness, isLate: row.freshness === "late", performance,
    silenceS: row.measured_at === null ? null : Math.max(0, (Date.parse(asOf) - Date.parse(row.measured_at)) / 1000),
    powerKw: row.power_kw, todayKwh: row.energy_today_kwh, changePct: row.energy_change_pct,
    alarms: row.open_alarms, worst: worst < 0 ? 0 : SEVERITIES.length - worst,
    lostKwh: row.lost_today_kwh, lostMoney: row.lost_today, currency: row.currency,
  };
}
