// What the page knows: who it is, its orders, its own alarms, what its neighbours cry.

import * as link from "./link.js";
import * as queue from "./queue.js";
import { call, hush, orderTune, ring, shake, sound } from "./sound.js";

const NOTICES = 30;
const ALARMS = 20;
const LATE_MS = 120000;
const CRY_MS = 60000;
const CRY_AGAIN_MS = 4000;
const OPEN = new Set(["issued", "delivered"]);
const SHOWN = 200;

export const store = {
  link: "connecting", hello: null, state: null, order: null, recalled: null, notices: [], alarms: [],
  check: null, sightings: [], quietMs: 0, gps: "gpsWait", lostMs: 0,
};
let shown = new Set();
let ours = new Set();
let rung = null;
let crying = null;
let draw = () => {};
const changed = () => draw();

/** Call `redraw` whenever anything changes. */
export async function begin(redraw) {
  draw = redraw;
  await queue.load();
  shown = new Set((await queue.recall("shown")) ?? []);
  ours = new Set((await queue.recall("ours")) ?? []);
  store.hello = (await queue.recall("hello")) ?? null;
  store.alarms = (await queue.recall("alarms")) ?? [];
  store.order = (await queue.recall("order")) ?? null;
  changed();
  await link.start(take, (state) => {
    if (store.link !== state && state === "lost") store.lostMs = link.now();
    store.link = state;
    changed();
  });
}

export const isPost = () => store.hello?.kind !== "unit";
export const unsent = () => queue.waiting().filter((one) => !one.silent).length;
export const findType = (type) => [...(store.hello?.types ?? []), ...(store.hello?.also ?? [])].find((one) => one.type === type);

function take(message) {
  TAKE[message.is]?.(message);
  changed();
}

const TAKE = {
  hello(message) {
    store.hello = message;
    queue.keep("hello", message);
  },
  state(message) {
    store.state = message;
    const held = message.order;
    if (held) takeOrder(held);
    else if (store.order && !store.recalled) endOrder();
  },
  order(message) {
    takeOrder({ ...message, status: store.order?.id === message.id ? store.order.status : "issued" });
  },
  recall(message) {
    answer(message.id, "delivered", `${message.id}-rc`);
    if (store.order?.id !== message.id || isShown(message.id, "recall")) return;
    store.recalled = { ...message, silent: store.order.silent };
    hush();
    if (!store.order.silent) sound("recall");
    endOrder();
  },
  receipt(message) {
    const mine = store.alarms.find((one) => one.id === message.id);
    if (!mine && message.silent) store.quietMs = link.now();
    ours = new Set([...ours, message.incident].slice(-SHOWN));
    queue.keep("ours", [...ours]);
    if (!mine || mine.incident) return;
    Object.assign(mine, { state: "recorded", incident: message.incident, at: message.t });
    keepAlarms();
    if (!message.silent) sound("receipt");
    shake([80, 60, 80]);
  },
  reject(message) {
    const mine = store.alarms.find((one) => one.id === message.id);
    if (mine) Object.assign(mine, { state: "refusedBy", error: message.error });
    if (store.check?.id === message.id) store.check = { ...store.check, error: message.error };
    keepAlarms();
  },
  notice(message) {
    // The group is told of what this post called itself: that is no news here.
    if (isShown(message.id, "notice") || (ours.has(message.incident) && !message.answer)) return;
    store.notices = [{ ...message, read: false }, ...store.notices].slice(0, NOTICES);
    const fresh = link.now() - message.t < LATE_MS;
    if (!fresh && !message.answer) return;
    if (message.incident && isPost()) cry();
    else sound("notice");
    shake([200, 100, 200]);
  },
  check_result(message) {
    if (store.check?.id === message.id) store.check = { ...store.check, ...message };
    if (message.hit) shake([200, 80, 200]);
  },
};

/** A neighbour's alarm sounds again until somebody has read it, for a minute at most. */
function cry() {
  clearInterval(crying);
  const once = () => {
    const left = store.notices.some((one) => one.incident && !one.read && link.now() - one.t < CRY_MS);
    if (left) sound("neighbour");
    else clearInterval(crying);
  };
  crying = setInterval(once, CRY_AGAIN_MS);
  sound("neighbour");
}

/** Whether a thing was shown before, also before a reload; it is remembered as shown. */
function isShown(id, kind) {
  const key = `${kind}/${id}`;
  if (shown.has(key)) return true;
  shown.add(key);
  shown = new Set([...shown].slice(-SHOWN));
  queue.keep("shown", [...shown]);
  return false;
}

function takeOrder(order) {
  // A refusal that is still on its way: the order is owed until it arrives, and not shown again.
  if (shown.has(`refused/${order.id}`)) return;
  const known = store.order?.id === order.id ? store.order : null;
  if (known) order = { ...order, said: known.said };
  store.order = order;
  queue.keep("order", order);
  if (!OPEN.has(order.status) || order.said) {
    hush();
    return;
  }
  if (rung === order.id) return;
  rung = order.id;
  store.recalled = null;
  if (!isShown(order.id, "order")) answer(order.id, "delivered", `${order.id}-dl`);
  if (!(order.silent && isPost())) call(`${order.priority} · ${order.place}`, order.id);
  ring(orderTune(order.priority), { mute: order.silent, still: order.silent && isPost() });
}

function endOrder() {
  store.order = null;
  queue.keep("order", null);
  hush();
}

const answer = (order, word, id, reason) =>
  link.say({ is: "ack", id: id.slice(0, 32), order, answer: word, ...(reason ? { reason } : {}) });

const SAID = { accepted: "ok", refused: "no", en_route: "go", on_scene: "at", available: "cl" };

/** Accept, refuse, set out, arrive or clear: said once per order, whatever is pressed how often. */
export function follow(word, reason) {
  const order = store.order;
  if (!order || order.said === word) return;
  const id = `${order.id}-${SAID[word]}`;
  hush();
  if (word === "accepted" || word === "refused") answer(order.id, word, id, reason);
  else link.say({ is: "status", id: id.slice(0, 32), order: order.id, status: word });
  store.order = { ...order, said: word };
  queue.keep("order", store.order);
  if (word === "refused") {
    isShown(order.id, "refused");
    endOrder();
  }
  changed();
}

export function report(status) {
  link.say({ is: "status", status });
  changed();
}

/** Call for help. A silent call leaves no trace on the screen. */
export function raise(type, { silent = false, place = null } = {}) {
  const id = link.makeId();
  link.say({ is: "alarm", id, type, ...(silent ? { silent } : {}), ...(place ?? {}) });
  if (silent) return;
  shake(120);
  store.alarms = [{ id, type, t: link.now(), state: "sending" }, ...store.alarms].slice(0, ALARMS);
  keepAlarms();
  changed();
}

const keepAlarms = () => queue.keep("alarms", store.alarms);

export function read(notice) {
  if (notice.answer) answer(notice.id, "delivered", `${notice.id}-rd`);
  notice.read = true;
  changed();
}

export function checkPlate(plate) {
  const id = link.makeId();
  store.check = { id, plate };
  link.say({ is: "check", id, plate });
  changed();
}

/** A fleeing suspect was seen from here: on foot, on a motorcycle, in a car, heading where one looks. */
export function sight(on, place) {
  link.say({ is: "sighting", on, ...place, ...(store.order ? { incident: store.order.incident } : {}) });
  store.sightings = [{ on, t: link.now() }, ...store.sightings].slice(0, 5);
  changed();
}

export function understood() {
  store.recalled = null;
  changed();
}
