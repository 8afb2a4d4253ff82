/** Lights: a shape and a word each, so that nobody needs the colour. */

import { h } from "/page/dom.js";

const SHAPES = { good: "●", notice: "◆", watch: "▲", bad: "■", none: "○" };

/** `tone` is good, notice, watch, bad or none; the words say the same as shape and colour. */
export function light(tone, ...words) {
  return h("span", { class: `light ${tone}` }, h("span", { class: "shape", "aria-hidden": "true" }, SHAPES[tone]), " ", ...words);
}

export const SEVERITIES = ["critical", "major", "minor", "notice"];
export const TONE_OF = { critical: "bad", major: "bad", minor: "watch", notice: "notice" };
