// Sound, vibration, a lit screen: what makes a person look up. A silent matter gets none of it at a post.

const TUNES = {
  // Hertz and seconds: each priority has its own, so that it is known before it is read.
  order0: [[1320, 0.12], [880, 0.12], [1320, 0.12], [880, 0.12], [1320, 0.12], [880, 0.3]],
  order1: [[1175, 0.16], [880, 0.16], [1175, 0.16], [880, 0.4]],
  order2: [[988, 0.18], [784, 0.18], [988, 0.36]],
  order3: [[784, 0.25], [988, 0.35]],
  neighbour: [[659, 0.18], [880, 0.18], [659, 0.18], [880, 0.4]],
  notice: [[784, 0.15], [784, 0.25]],
  receipt: [[880, 0.1], [1175, 0.2]],
  recall: [[988, 0.2], [659, 0.2], [440, 0.4]],
};
const AGAIN_MS = 2600;
let context = null;
let ringing = null;

function unlock() {
  try {
    context ??= new AudioContext();
    if (context.state === "suspended") context.resume();
  } catch { /* a browser without sound still shows everything */ }
}
addEventListener("pointerdown", unlock);
addEventListener("keydown", unlock);

export const isHeard = () => context !== null && context.state === "running";

function play(name) {
  document.documentElement.dataset.sounded = `${document.documentElement.dataset.sounded ?? ""} ${name}`.trim();
  if (!isHeard()) return;
  let at = context.currentTime + 0.02;
  for (const [hertz, lasts] of TUNES[name]) {
    const tone = context.createOscillator();
    const level = context.createGain();
    tone.type = "square";
    tone.frequency.value = hertz;
    level.gain.setValueAtTime(0.0001, at);
    level.gain.exponentialRampToValueAtTime(0.35, at + 0.02);
    level.gain.exponentialRampToValueAtTime(0.0001, at + lasts);
    tone.connect(level).connect(context.destination);
    tone.start(at);
    tone.stop(at + lasts);
    at += lasts;
  }
}

export function shake(pattern) {
  navigator.vibrate?.(pattern);
}

/** Once. */
export function sound(name) {
  play(name);
}

/** Again and again until `hush`; with `mute`, the hand feels it and nobody hears it. */
export function ring(name, { mute = false, still = false } = {}) {
  hush();
  const once = () => {
    if (!mute && !still) play(name);
    if (!still) shake([400, 150, 400]);
  };
  ringing = { name, timer: setInterval(once, AGAIN_MS) };
  once();
}

export function hush() {
  if (ringing === null) return;
  clearInterval(ringing.timer);
  ringing = null;
  shake(0);
}

export const orderTune = (priority) => `order${Math.min(3, priority)}`;

/** A line in the system's own list of notices, for a page that nobody looks at now. */
export async function call(text, tag) {
  if (document.visibilityState === "visible" || globalThis.Notification?.permission !== "granted") return;
  const app = await navigator.serviceWorker?.getRegistration();
  app?.showNotification("street110", { body: text, tag, icon: "/pages/phone/icon-192.png", requireInteraction: true });
}

function mayCall() {
  if (globalThis.Notification?.permission === "default") Notification.requestPermission();
}
addEventListener("pointerup", mayCall, { once: true });

let lock = null;
async function stayLit() {
  if (document.visibilityState !== "visible" || !navigator.wakeLock) return;
  try {
    lock = await navigator.wakeLock.request("screen");
    lock.addEventListener("release", () => { lock = null; });
  } catch { /* a battery saver may forbid it */ }
}
document.addEventListener("visibilitychange", () => { if (lock === null) stayLit(); });
stayLit();
