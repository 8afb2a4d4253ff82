/**
 * Calls of the API. The tokens live in this module's memory and nowhere else: no other page, no later visitor and no request
 * that the page did not make itself can use them.
 */

const PREFIX = "/api/v1";
const MOST_PAGES = 50;
/** Of a token's life; later it is renewed before it is used. */
const GOOD_SHARE = 0.9;

/** `accessToken`, `refreshToken` and `goodUntil` (ms since 1970) of who is logged in. Every renewal makes a new one. */
let session = null;
let renewal = null;
let askToLogIn = async () => {};

/** An answer of the API that is none: `status` (0 where it was not reached), and `detail` in its words. */
export class Problem extends Error {
  constructor(status, detail, retryAfterS = null) {
    super(detail);
    this.status = status;
    this.detail = detail;
    this.retryAfterS = retryAfterS;
  }
}

/** `ask` shows the log-in and resolves when it has succeeded. */
export function whenLoggedOut(ask) {
  askToLogIn = ask;
}

export function isLoggedIn() {
  return session !== null;
}

/** Begin a session with e-mail and password; throws `Problem`. */
export async function logIn(username, password) {
  const response = await post("/auth/token", { username, password });
  if (!response.ok) throw await problemOf(response);
  session = await sessionOf(response);
}

/** End the session: here at once, and at the API as soon as it hears of it. */
export function logOut() {
  if (session === null) return;
  // Nobody waits for it: where it does not arrive the tokens are forgotten all the same.
  post("/auth/log-out", { refresh_token: session.refreshToken }, { keepalive: true }).catch(() => {});
  session = null;
}

/** One answer, as JSON. A token that has ended is renewed; where the session has, it waits for the next log-in and asks again. */
export async function get(path, signal) {
  return (await ask(path, signal)).json();
}

/** Every row of a list, page after page. */
export async function getAll(path, signal) {
  const rows = [];
  let next = null;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const cursor = next === null ? "" : `${path.includes("?") ? "&" : "?"}cursor=${encodeURIComponent(next)}`;
    const answer = await get(path + cursor, signal);
    rows.push(...answer.data);
    next = answer.next ?? null;
    if (next === null) return { ...answer, data: rows };
  }
  throw new Problem(0, `${path}: more than ${MOST_PAGES} pages`);
}

/** Save a file of the API as the name that it gives. */
export async function download(path) {
  const response = await ask(path);
  const name = /filename="([^"]+)"/.exec(response.headers.get("content-disposition") ?? "")?.[1] ?? "report.pdf";
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

async function ask(path, signal) {
  const used = await goodSession();
  const response = await send(path, used, signal);
  if (response.ok) return response;
  if (response.status !== 401) throw await problemOf(response);
  // Another call may have met the token's end first; then this session is no longer the one that is renewed.
  used.goodUntil = 0;
  const renewed = await goodSession();
  signal?.throwIfAborted();
  const again = await send(path, renewed, signal);
  if (!again.ok) throw await problemOf(again);
  return again;
}

/** The session with a token that is good for a while. All calls wait for one renewal: a refresh token that is used twice ends it. */
async function goodSession() {
  while (session === null || session.goodUntil <= Date.now()) {
    renewal ??= renew().finally(() => { renewal = null; });
    await renewal;
  }
  return session;
}

/** Go on with the refresh token; without one that the API takes, by a log-in. Throws `Problem` where it cannot say now. */
async function renew() {
  const ended = session;
  if (ended !== null) {
    const response = await post("/auth/refresh", { refresh_token: ended.refreshToken });
    const next = response.ok ? await sessionOf(response) : null;
    // Who logged out meanwhile stays logged out.
    if (session !== ended) return;
    if (response.status === 429 || response.status >= 500) throw await problemOf(response);
    session = next;
  }
  if (session === null) await askToLogIn();
}

async function sessionOf(response) {
  const { access_token: accessToken, refresh_token: refreshToken, expires_in: lifeS } = await response.json();
  return { accessToken, refreshToken, goodUntil: Date.now() + lifeS * 1000 * GOOD_SHARE };
}

function post(path, fields, options) {
  return reach(PREFIX + path, { method: "POST", body: new URLSearchParams(fields), cache: "no-store", ...options });
}

function send(path, { accessToken }, signal) {
  return reach(PREFIX + path, { signal, headers: { authorization: `Bearer ${accessToken}` } });
}

async function reach(url, options) {
  try {
    return await fetch(url, { credentials: "omit", redirect: "error", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "");
  }
}

async function problemOf(response) {
  const told = await response.json().catch(() => ({}));
  const retryAfterS = Number(response.headers.get("retry-after")) || null;
  return new Problem(response.status, typeof told.detail === "string" ? told.detail : response.statusText, retryAfterS);
}
