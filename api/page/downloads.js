/** Files of the API, saved under the names that it gives them. */

import { download } from "/page/client.js";
import { h } from "/page/dom.js";
import { t } from "/page/words.js";

/** A button that saves a file, and says beside it why it could not; `of` is said to those who hear the page alone. */
export function downloadButton(path, label, of) {
  const said = h("span", { role: "status" });
  return h("span", {}, h("button", { type: "button", onclick: async () => {
    said.textContent = "";
    try { await download(path); } catch (error) { said.textContent = ` ${error.detail || t("error unreachable")}`; }
  } }, label, of && h("span", { class: "visually-hidden" }, t("of", { name: of }))), said);
}
