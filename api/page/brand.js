/** How the tenant's page looks: the colours of its head, a logo and a line at the foot. Heliograph's own before a log-in. */

import { get } from "/page/client.js";
import { h } from "/page/dom.js";

const COLOURS = { main_colour: "--brand", accent_colour: "--brand-line" };
const OURS = { colours: {}, footer: null, name: null, logo: null };

let look = OURS;
/** Counts who was here: a look that comes late is nobody's. */
let turn = 0;

/** Ask for the look of whoever is logged in. */
export async function loadLook() {
  turn += 1;
  const mine = turn;
  const { data } = await get("/brand");
  const logo = data.logo_png && await pictureOf(data.logo_png);
  if (mine === turn) look = { colours: data, footer: data.footer, name: data.name, logo };
}

export function forgetLook() {
  turn += 1;
  look = OURS;
}

export function applyLook() {
  const { style } = document.documentElement;
  for (const [name, variable] of Object.entries(COLOURS)) {
    if (look.colours[name]) style.setProperty(variable, look.colours[name]);
    else style.removeProperty(variable);
  }
  document.getElementById("footer").textContent = look.footer ?? "";
}

/** The mark at the left of the head. */
export function brandMark() {
  const mark = look.logo ? drawn(look.logo) : h("img", { src: "/page/icon.svg", alt: "", width: "28", height: "28" });
  return h("p", { class: "brand" }, mark, " Heliograph");
}

/** On a canvas: no address is loaded, so the page's policy on pictures stays as strict as it is. */
function drawn(picture) {
  const canvas = h("canvas", { class: "logo", role: "img", "aria-label": look.name, width: picture.width, height: picture.height });
  canvas.getContext("2d").drawImage(picture, 0, 0);
  return canvas;
}

function pictureOf(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.codePointAt(0));
  return createImageBitmap(new Blob([bytes], { type: "image/png" }));
}
