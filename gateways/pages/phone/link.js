// The link to the engine: a WebSocket, POST where there is none, and a queue that outlives both.

import * as queue from "./queue.js";

const SHORTEST_MS = 400;
const LONGEST_MS = 5000;
const DEAF_MS = 25000;
const AGAIN_MS = 4000;
const WRONG_MS = 5000;
const POLL_MS = 2000;
const POLL_SOON_MS = 300;
const TRY_SOCKET_MS = 15000;
const FAILED_CODES = { 4401: "unpaired", 4409: "elsewhere" };
const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";

let socket = null;
let wait = SHORTEST_MS;
let heardAt = 0;
let offset = 0;
let timer = null;
let polling = null;
let taking = () => {};
let telling = () => {};
export let link = "connecting";

/** The engine's time, as far as it was ever told: a wrong clock on the phone does no harm. */
export const now = () => Date.now() + offset;

export function makeId() {
  const bytes = crypto.getRandomValues(new Uint8Array(20));
  return `p${[...bytes].map((byte) => LETTERS[byte % 36]).join("")}`;
}

function setLink(next) {
  if (link === next) return;
  link = next;
  document.documentElement.dataset.link = next;
  telling(next);
}

/** `take` gets every message, `tell` every change of the link. */
export async function start(take, tell) {
  [taking, telling] = [take, tell];
  offset = (await queue.recall("offset")) ?? 0;
  connect();
}

export function connect() {
  clearTimeout(timer);
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const mine = new WebSocket(`${scheme}//${location.host}/phone/ws`);
  socket = mine;
  let greeted = false;
  mine.onmessage = ({ data }) => {
    if (socket !== mine) return;
    heardAt = performance.now();
    const message = JSON.parse(data);
    if (message.is === "hello") greeted = true;
    hear(message);
    if (message.is === "hello") {
      wait = SHORTEST_MS;
      setLink("live");
      sendAll();
    }
  };
  mine.onclose = ({ code }) => {
    if (socket === mine) again(code, greeted);
  };
}

function again(code, greeted) {
  socket = null;
  clearTimeout(timer);
  const failed = FAILED_CODES[code];
  if (failed) {
    setLink(failed);
    return;
  }
  const slow = link === "polling" && !greeted;
  if (!slow) setLink(link === "connecting" && navigator.onLine ? "connecting" : "lost");
  timer = setTimeout(connect, slow ? TRY_SOCKET_MS : wait * (0.75 + Math.random() / 2));
  wait = Math.min(LONGEST_MS, wait * 1.7);
  if (!greeted && !slow && navigator.onLine) poll();
}

function pollIn(ms) {
  clearTimeout(polling);
  polling = setTimeout(poll, ms);
}

/** Where no WebSocket comes through, the same words go by POST. */
async function poll() {
  if (isOpen()) return;
  try {
    const said = queue.waiting();
    if (said.length) await post(said.slice(0, 50));
    const answer = await fetch("/phone/news", { cache: "no-store" });
    if (answer.status === 401) {
      clearTimeout(timer);
      setLink("unpaired");
      return;
    }
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    for (const message of await answer.json()) hear(message);
    if (isOpen()) return;
    setLink("polling");
    pollIn(POLL_MS);
  } catch {
    if (!isOpen()) setLink("lost");
  }
}

async function post(messages) {
  const answer = await fetch("/phone/send", {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(messages),
  });
  if (answer.ok) for (const message of await answer.json()) hear(message);
}

/** A time of the engine is already past when it is heard: what is said next is never older than it. */
function setClock({ is, t }) {
  if (!Number.isFinite(t)) return;
  const least = t - Date.now();
  if (least <= offset && !(is === "hello" || (is === "tick" && offset - least > WRONG_MS))) return;
  offset = least;
  queue.keep("offset", offset);
}

function hear(message) {
  setClock(message);
  if (message.is === "taken" || message.is === "receipt") queue.drop(message.id);
  taking(message);
}

const isOpen = () => socket !== null && socket.readyState === WebSocket.OPEN && link === "live";

function sendAll() {
  if (isOpen()) for (const message of queue.waiting()) socket.send(JSON.stringify(message));
}

/** Say something that must arrive: it is kept until the engine has it on record. */
export async function say(message) {
  const body = { t: now(), ...message };
  body.id ??= makeId();
  const keeping = queue.put(body);
  if (isOpen()) socket.send(JSON.stringify(body));
  else if (link === "polling") post([body]).then(() => pollIn(POLL_SOON_MS), () => setLink("lost"));
  telling(link);
  await keeping;
  return body;
}

/** Say something of which only the newest counts: dropped while there is no link. */
export function mention(message) {
  if (isOpen()) socket.send(JSON.stringify(message));
  else if (link === "polling") post([message]).catch(() => setLink("lost"));
}

setInterval(() => {
  if (isOpen() && queue.waiting().some((one) => now() - one.t > AGAIN_MS)) sendAll();
}, AGAIN_MS);

// A link that is open but silent is cut from this side: half-open connections never say so.
setInterval(() => {
  if (socket && link === "live" && performance.now() - heardAt > DEAF_MS) cut();
}, 1000);

function cut() {
  const deaf = socket;
  again(0, true);
  deaf?.close();
}

addEventListener("offline", () => { if (link === "live" || link === "polling") cut(); setLink("lost"); });
addEventListener("online", () => {
  if (link === "unpaired" || link === "elsewhere" || isOpen()) return;
  wait = SHORTEST_MS;
  const old = socket;
  socket = null;
  old?.close();
  connect();
});
