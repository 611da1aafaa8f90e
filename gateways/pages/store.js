// What the page knows: the last state, the changes since, and how old the last word of it is.

export const store = {
  build: "", bounds: null, district: null, counters: null, cases: new Map(), selected: null,
  columns: null, link: "connecting", heardAt: 0, lostAt: 0, skew: 0, works: true, broker: true,
  follow: true, fresh: new Map(), names: new Map(),
};
const KEEP = 400;
const listeners = new Set();
export const onChange = (listener) => listeners.add(listener);
export const changed = (what) => listeners.forEach((listener) => listener(what));

export const engineNow = () => Date.now() + store.skew;
export const ageMs = () => (store.heardAt ? performance.now() - store.heardAt : Infinity);
const isClosed = (one) => one.incident.status === "closed";
const urgency = (a, b) =>
  isClosed(a) - isClosed(b) ||
  (isClosed(a) ? b.incident.since_ms - a.incident.since_ms : 0) ||
  a.incident.priority - b.incident.priority ||
  a.incident.raised_ms - b.incident.raised_ms ||
  (a.incident.id < b.incident.id ? -1 : 1);
export const listCases = () => [...store.cases.values()].sort(urgency);
export const selectedCase = () => store.cases.get(store.selected) ?? null;
export const findPlan = (type) => store.district?.plans.find((plan) => plan.type === type);

export function select(id) {
  store.selected = id;
  store.follow = id === null;
  changed("selection");
}

function followMostUrgent() {
  const held = store.cases.get(store.selected);
  if (!store.follow && held) return;
  const first = listCases().find((one) => !isClosed(one));
  store.selected = first?.incident.id ?? held?.incident.id ?? null;
}

function put(one) {
  const before = store.cases.get(one.incident.id);
  store.cases.set(one.incident.id, one);
  const known = new Set(before?.incident.orders ?? []);
  for (const order of one.orders) {
    if (!known.has(order.id)) store.fresh.set(order.id, performance.now());
  }
}

function trim() {
  for (const [id, since] of store.fresh) {
    if (performance.now() - since > 6000) store.fresh.delete(id);
  }
  if (store.cases.size <= KEEP) return;
  for (const one of listCases().slice(KEEP)) store.cases.delete(one.incident.id);
}

export function takeText(message) {
  if (message.is === "state") {
    store.build = message.build;
    store.bounds = message.bounds;
    store.district = message.district;
    store.names = new Map(Object.entries(message.district.names));
    store.skew = message.now_ms - Date.now();
    store.cases = new Map(message.cases.map((one) => [one.incident.id, one]));
  } else {
    message.cases.forEach(put);
    trim();
  }
  if (message.counters) store.counters = message.counters;
  store.heardAt = performance.now();
  followMostUrgent();
  changed(message.is);
}

export function takeColumns(buffer) {
  const view = new DataView(buffer);
  if (view.getUint8(0) !== 1) return;
  const flags = view.getUint8(1);
  const count = view.getUint32(4, true);
  let at = 16;
  const column = (Kind, size) => {
    const part = new Kind(buffer, at, count);
    at += size * count;
    return part;
  };
  store.works = (flags & 1) !== 0;
  store.broker = (flags & 2) !== 0;
  store.skew = view.getFloat64(8, true) - Date.now();
  store.columns = {
    count, lon: column(Int32Array, 4), lat: column(Int32Array, 4), age: column(Uint16Array, 2),
    heading: column(Uint8Array, 1), status: column(Uint8Array, 1), speed: column(Uint8Array, 1),
  };
  store.heardAt = performance.now();
  changed("columns");
}
