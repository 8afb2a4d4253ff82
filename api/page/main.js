/** The frame around the views: log-in, navigation, language, theme, and which view an address names. */

import { applyLook, brandMark, forgetLook, loadLook } from "/page/brand.js";
import { redraw } from "/page/charts.js";
import { Problem, logIn, logOut, whenLoggedOut } from "/page/client.js";
import { announce, h } from "/page/dom.js";
import { applyTheme, prefer, preference } from "/page/preferences.js";
import { failure, saidOf } from "/page/section.js";
import { LANGUAGES, chooseLanguage, language, t } from "/page/words.js";

const VIEWS = {
  "": () => import("/page/views/fleet.js"),
  plants: () => import("/page/views/plant.js"),
  customers: () => import("/page/views/customers.js"),
  sensors: () => import("/page/views/sensors.js"),
  data: () => import("/page/views/data.js"),
  documents: () => import("/page/views/documents.js"),
  loads: () => import("/page/views/loads.js"),
};
/** Views that no link of the navigation names, and the one that they belong to. */
const PART_OF = { plants: "", documents: "data", loads: "data" };
const THEMES = ["auto", "light", "dark"];

let shown = new AbortController();
let lastUser = null;

function header() {
  const link = (name, word) => h("a", { href: `#/${name}`, "data-view": name }, t(word));
  return [
    brandMark(),
    h("nav", { "aria-label": t("views") }, link("", "fleet"), link("customers", "customers"), link("sensors", "sensors"), link("data", "data")),
    h("div", { class: "choices" },
      choice(t("language"), "language", LANGUAGES, language(), (value) => { prefer("language", value); chooseLanguage(value); frame(); show(); }),
      choice(t("theme"), "theme", Object.fromEntries(THEMES.map((theme) => [theme, t(`theme ${theme}`)])),
        document.documentElement.dataset.theme, (value) => { prefer("theme", value); applyTheme(value); redraw(); }),
      h("button", { type: "button", id: "log-out", onclick: leave }, t("log out"))),
  ];
}

function choice(label, name, values, chosen, onchoose) {
  const options = Object.entries(values).map(([value, text]) => h("option", { value, selected: value === chosen }, text));
  return h("label", {}, h("span", { class: "visually-hidden" }, label),
    h("select", { name, onchange: (event) => onchoose(event.target.value) }, options));
}

function frame() {
  const focused = document.activeElement?.getAttribute("name");
  document.documentElement.lang = language();
  document.getElementById("skip").textContent = t("skip");
  document.getElementById("header").replaceChildren(...header());
  applyLook();
  if (focused) document.querySelector(`#header [name="${focused}"]`)?.focus();
}

/** Show the view that the address names: `#/plants/3?day=2026-11-20`. */
async function show({ moved = false } = {}) {
  shown.abort();
  shown = new AbortController();
  const { signal } = shown;
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, id = null, ...rest] = path.split("/");
  const main = document.getElementById("main");
  // What stands there is of the address before, until its view is here.
  main.setAttribute("aria-busy", "true");
  for (const link of document.querySelectorAll("nav a")) {
    const isHere = link.dataset.view === (PART_OF[name] ?? name);
    if (isHere) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (id !== null && !/^\d{1,10}$/.test(id)) return lost(main);
  if (!Object.hasOwn(VIEWS, name) || rest.length > 0) return lost(main);
  try {
    const view = await VIEWS[name]();
    if (signal.aborted) return;
    const title = (text) => { document.title = `${text} · Heliograph`; };
    stand(main, ...view.view({ id, query: new URLSearchParams(query), signal, title, moved }));
    // Who went somewhere hears where they are.
    if (moved) main.querySelector("h1")?.focus();
  } catch (error) {
    if (!signal.aborted) stand(main, failure(error, () => show()));
  }
}

function lost(main) {
  stand(main, h("h1", { tabindex: "-1" }, t("not found")), h("p", {}, h("a", { href: "#/" }, t("to the fleet"))));
}

function stand(main, ...elements) {
  main.replaceChildren(...elements);
  main.removeAttribute("aria-busy");
}

function leave() {
  logOut();
  lastUser = null;
  forgetLook();
  frame();
  home();
}

function home() {
  if (location.hash === "#/") show();
  else location.hash = "#/";
}

/** Show the log-in over whatever is shown, and wait until it has succeeded. */
function askToLogIn() {
  const dialog = document.getElementById("log-in");
  return new Promise((resolve) => {
    const said = h("p", { role: "alert", class: "failure", hidden: true });
    const field = (label, attributes) => h("label", {}, label, h("input", { required: true, ...attributes }));
    const button = h("button", { type: "submit", class: "main" }, t("log in"));
    const form = h("form", { method: "dialog" },
      h("h1", { id: "log-in-title" }, "Heliograph"),
      h("p", {}, lastUser ? t("session ended") : t("please log in")),
      field(t("e-mail"), { name: "username", type: "email", autocomplete: "username", value: lastUser ?? "", maxlength: "254" }),
      field(t("password"), { name: "password", type: "password", autocomplete: "current-password" }),
      said, button);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const { username, password } = Object.fromEntries(new FormData(form));
      button.disabled = true;
      said.hidden = true;
      try {
        await logIn(username, password);
        dialog.close();
        announce(t("logged in"));
        // What is shown belongs to whoever was here before.
        const isAnother = lastUser !== null && lastUser !== username;
        if (isAnother) {
          forgetLook();
          frame();
        }
        // A page without its colours is a page all the same.
        loadLook().then(frame, () => {});
        lastUser = username;
        resolve();
        if (isAnother) home();
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        said.textContent = error.status === 401 ? t("bad credentials") : saidOf(error);
        said.hidden = false;
        form.elements.password.select();
      } finally {
        button.disabled = false;
      }
    });
    dialog.replaceChildren(form);
    dialog.oncancel = (event) => event.preventDefault();
    if (!dialog.open) dialog.showModal();
    form.elements[lastUser ? "password" : "username"].focus();
  });
}

chooseLanguage(preference("language") ?? (navigator.language.toLowerCase().startsWith("pt") ? "pt-BR" : "en"));
applyTheme(preference("theme"));
whenLoggedOut(askToLogIn);
frame();
document.getElementById("skip").addEventListener("click", (event) => {
  // The address names the view; a skip link must not change it.
  event.preventDefault();
  document.getElementById("main").focus();
});
window.addEventListener("hashchange", () => show({ moved: true }));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
show();
