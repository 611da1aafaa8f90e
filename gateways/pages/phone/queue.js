// What was said and not yet taken, and what must outlive a reload: kept in IndexedDB.

const NAME = "street110-phone";
const memory = { queue: new Map(), kept: new Map() };
let opened = null;

function open() {
  opened ??= new Promise((resolve) => {
    let asked;
    try {
      asked = indexedDB.open(NAME, 1);
    } catch {
      resolve(null); // a browser without storage still sends; it only forgets at a reload
      return;
    }
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("queue", { keyPath: "id" });
      asked.result.createObjectStore("kept");
    };
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => resolve(null);
    asked.onblocked = () => resolve(null);
  });
  return opened;
}

async function run(name, mode, ask) {
  const base = await open();
  if (base === null) return null;
  return new Promise((resolve) => {
    const deal = base.transaction(name, mode, { durability: "strict" });
    const asked = ask(deal.objectStore(name));
    deal.oncomplete = () => resolve(asked?.result ?? null);
    deal.onerror = () => resolve(null);
    deal.onabort = () => resolve(null);
  });
}

export const waiting = () => [...memory.queue.values()].sort(byUrgency);

// An alarm first, then the oldest.
const byUrgency = (a, b) => (b.is === "alarm") - (a.is === "alarm") || a.t - b.t || (a.id < b.id ? -1 : 1);

export async function load() {
  for (const one of (await run("queue", "readonly", (store) => store.getAll())) ?? []) memory.queue.set(one.id, one);
}

export function put(message) {
  memory.queue.set(message.id, message);
  return run("queue", "readwrite", (store) => store.put(message));
}

export function drop(id) {
  memory.queue.delete(id);
  return run("queue", "readwrite", (store) => store.delete(id));
}

export const keep = (key, value) => run("kept", "readwrite", (store) => store.put(value, key));
export const recall = (key) => run("kept", "readonly", (store) => store.get(key));
