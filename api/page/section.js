/** A part of a view that fetches for itself: it waits, fails and is empty alone, and never takes its neighbours with it. */

import { h } from "/page/dom.js";
import { t } from "/page/words.js";

const SLOW_MS = 4000;

/**
 * A section with a heading. `load(signal)` fetches, `show(data)` makes elements of it; a text says that there is nothing.
 */
export function section({ title, name, load, show, signal }) {
  const heading = h("h2", { id: `${name}-title` }, title);
  const body = h("div", { class: "body" });
  const element = h("section", { "aria-labelledby": `${name}-title`, "data-section": name }, heading, body);
  fill(body, { load, show, signal });
  return element;
}

/** Fill a box with what is fetched; also again, by the button of the error. Resolves when it is filled, or says what is wrong. */
export async function fill(body, { load, show, signal }) {
  const waiting = h("p", { class: "waiting" }, t("loading"));
  const slow = setTimeout(() => { waiting.textContent = t("slow"); }, SLOW_MS);
  body.setAttribute("aria-busy", "true");
  body.replaceChildren(waiting);
  try {
    const data = await load(signal);
    if (signal.aborted) return;
    const shown = show(data);
    body.replaceChildren(...[typeof shown === "string" ? h("p", { class: "nothing" }, shown) : shown].flat(Infinity).filter(Boolean));
  } catch (error) {
    if (error.name === "AbortError" || signal.aborted) return;
    body.replaceChildren(failure(error, () => fill(body, { load, show, signal })));
  } finally {
    clearTimeout(slow);
    body.removeAttribute("aria-busy");
  }
}

/** What went wrong, in words, with a way to try again. */
export function failure(error, again) {
  if (error.status === undefined) console.error(error);
  return h("div", { role: "alert", class: "failure" },
    h("p", {}, h("strong", {}, saidOf(error))),
    error.detail && h("p", { lang: "en" }, error.detail),
    error.status !== 403 && error.status !== 404 && h("button", { type: "button", onclick: again }, t("try again")));
}

export function saidOf(error) {
  if (error.status === undefined) return t("error page");
  if (error.status === 0) return t("error unreachable");
  return t(`error ${error.status}`, { seconds: error.retryAfterS ?? 60 }, t("error other", { status: error.status }));
}
