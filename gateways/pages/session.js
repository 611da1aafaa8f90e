// Who is logged in, what he may do, and the way in which anything is asked of the engine.

import { changed } from "./store.js";

export const session = { me: null, state: "asking", said: null };
let undoing = 0;

class Refused extends Error {
  constructor(status, body) {
    super(body?.error ?? `status ${status}`);
    Object.assign(this, { status, body });
  }
}

async function call(path, options = {}) {
  const answer = await fetch(path, { cache: "no-store", ...options });
  if (answer.status === 401 && session.me && !path.endsWith("/login")) leave();
  if (!answer.ok) throw new Refused(answer.status, await answer.json().catch(() => null));
  return answer.json();
}

function leave() {
  Object.assign(session, { me: null, state: "out" });
  changed("session");
}

export const look = (path) => call(`/api/v1/${path}`);
export const post = (path, body) =>
  call(`/api/v1/${path}`, {
    method: "POST", body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", "X-CSRF-Token": session.me?.csrf ?? "" },
  });

/** The session of this browser; `state` becomes `in` or `out`. */
export async function enter() {
  try {
    session.me = await call("/api/v1/me");
    session.state = "in";
  } catch (error) {
    session.me = null;
    session.state = error instanceof Refused && error.status === 401 ? "out" : "asking";
  }
  changed("session");
  return session.state;
}

/** Null when logged in, else the word for what went wrong. */
export async function logIn(name, password) {
  try {
    session.me = await post("login", { name, password });
    session.state = "in";
    changed("session");
    return null;
  } catch (error) {
    return error instanceof Refused ? error.message : "unreachable";
  }
}

export async function logOut() {
  await post("logout", {}).catch(() => null);
  leave();
}

export const may = (what) => Boolean(session.me?.may.includes(what));

export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `w${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** Tell the operator something for some seconds; `undo` is what the button beside it does. */
export function tell(text, tone = "good", undo = null) {
  const mine = (undoing += 1);
  session.said = { text, tone, undo };
  changed("said");
  setTimeout(() => {
    if (mine !== undoing) return;
    session.said = null;
    changed("said");
  }, undo ? 12_000 : 7_000);
}

/** Do one command; the answer, or null when it was refused and the operator was told why. */
export async function act(what, fields, words) {
  try {
    const done = await post(`commands/${what}`, { id: newId(), ...fields });
    if (words) tell(words.text, "good", words.undo?.(done) ?? null);
    return done;
  } catch (error) {
    tell(refusal(error), "bad");
    return null;
  }
}

export function refusal(error) {
  if (!(error instanceof Refused)) return "unreachable";
  const field = error.body?.field ? ` · ${error.body.field} ${error.body.value ?? ""}` : "";
  return `${error.message}: ${error.body?.detail ?? ""}${field}`;
}
