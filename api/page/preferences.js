/** What a person chose: kept in the browser where it allows that, and nothing secret. */

const KEY = "heliograph.page";

function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

export function preference(name) {
  return kept()[name];
}

export function prefer(name, value) {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...kept(), [name]: value }));
  } catch {
    // A browser that keeps nothing, or a frame that may not: the choice holds until the page is left.
  }
}

export function applyTheme(theme) {
  document.documentElement.dataset.theme = ["light", "dark"].includes(theme) ? theme : "auto";
}
