// Starts the page: the link first, so that the queue works even where the map cannot.

import { html, render } from "./vendor/preact-htm/htm-preact.mjs";
import { connect } from "./link.js";
import { Detail } from "./detail.js";
import { confirmShown, openForm, Said } from "./acts.js";
import { Call, call, closeCall, openCall } from "./call.js";
import { Bar, bar, closeBar, Help, openBar } from "./command.js";
import { Login } from "./login.js";
import { enter, session } from "./session.js";
import { changed, listCases, onChange, select, store } from "./store.js";
import { Banner, Legend, Queue, Top, Wire } from "./views.js";
import { isChinese, say, setChinese } from "./words.js";

const $ = (id) => document.getElementById(id);
let ground = null;
let asked = false;

function switchLanguage() {
  setChinese(!isChinese());
  ground?.language();
  paint();
}

function paint() {
  asked = false;
  document.title = `${say("title")} · street110`;
  document.documentElement.dataset.link = store.link;
  render(html`<${Top} onLanguage=${switchLanguage} onFit=${() => ground?.fit()} />`, $("top"));
  render(html`<${Banner} noMap=${ground === null} />`, $("banner"));
  render(html`<${Queue} onShow=${() => ground?.showCase()} />`, $("queue"));
  render(html`<${Detail} />`, $("detail"));
  render(html`<${Wire} />`, $("wire"));
  render(html`<${Legend} />`, $("legend"));
  render(html`<${Login} onIn=${begin} onLanguage=${switchLanguage} /><${Bar} /><${Call} /><${Help} />
    <div id="said" role="status" aria-live="polite"><${Said} /></div>`, $("over"));
}

function paintSoon() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(paint);
}

function step(by) {
  const ids = listCases().map((one) => one.incident.id);
  if (!ids.length) return;
  const at = ids.indexOf(store.selected);
  select(ids[Math.min(ids.length - 1, Math.max(0, at + by))]);
  document.querySelector(".case.chosen")?.scrollIntoView({ block: "nearest" });
}

function nextWaiting() {
  const waiting = listCases().filter(({ incident }) => incident.status === "pending").map((one) => one.incident.id);
  if (waiting.length) select(waiting[(waiting.indexOf(store.selected) + 1) % waiting.length]);
}

function escape() {
  if (bar.open || bar.help) closeBar();
  else if (call.open) closeCall();
  else select(null);
}

function showHelp() {
  bar.help = !bar.help;
  changed("help");
}

/** Only who is let in sees the map: what it shows is asked of the engine. */
async function begin() {
  connect();
  if (ground || !document.createElement("canvas").getContext("webgl2")) return;
  const { Ground } = await import("./map.js");
  ground ??= new Ground($("map"), $("units"));
}

const KEYS = {
  "/": () => openBar(), c: openCall, n: nextWaiting, y: confirmShown, g: () => openForm("everyone"), "?": showHelp,
  j: () => step(1), ArrowDown: () => step(1), k: () => step(-1), ArrowUp: () => step(-1),
  f: () => ground?.fit(), z: () => ground?.showCase(), l: switchLanguage, Escape: escape,
};

document.addEventListener("keydown", (event) => {
  if (session.state === "out" || event.target.closest?.("input, select, textarea")) return;
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

setChinese(isChinese());
onChange(paintSoon);
setInterval(paintSoon, 200);
paint();
document.addEventListener("place", ({ detail }) => ground?.goTo(detail.place));
if ((await enter()) !== "out") begin();
