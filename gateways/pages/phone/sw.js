// Keeps the pages' files: the network first, what was kept when it is slow or gone. Never `/phone/`.

const KEPT = "street110-phone-1";
const SLOW_MS = 2500;
const NAMES = [
  "officer.html", "officer.js", "officer.webmanifest", "pair.html", "pair.js", "parts.js", "phone.css", "place.js",
  "post.html", "post.js", "post.webmanifest", "press.js", "queue.js", "shell.js", "sound.js", "store.js", "link.js",
  "way.js", "words.js", "icon-192.png", "icon-512.png",
];
const FILES = [...NAMES.map((name) => `/pages/phone/${name}`), "/pages/vendor/preact-htm/htm-preact.mjs", "/pages/icon.svg"];

addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEPT).then((held) => held.addAll(FILES)).then(() => skipWaiting()));
});

addEventListener("activate", (event) => {
  const old = async () => {
    for (const name of await caches.keys()) if (name !== KEPT) await caches.delete(name);
    await clients.claim();
  };
  event.waitUntil(old());
});

async function fresh(request, held) {
  const answer = await fetch(request, { signal: AbortSignal.timeout(SLOW_MS) });
  if (answer.ok) await held.put(request, answer.clone());
  return answer;
}

async function find(request) {
  const held = await caches.open(KEPT);
  try {
    return await fresh(request, held);
  } catch (failure) {
    const kept = await held.match(request, { ignoreSearch: true });
    if (kept) return kept;
    throw failure;
  }
}

addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== location.origin || !FILES.includes(pathname)) return;
  event.respondWith(find(event.request));
});

// A touch on the system's notice brings the page back.
addEventListener("notificationclick", (event) => {
  event.notification.close();
  const show = async () => {
    const [open] = await clients.matchAll({ type: "window" });
    await open?.focus();
  };
  event.waitUntil(show());
});
