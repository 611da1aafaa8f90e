// Starts the page: the link first, so that the queue works even where the map cannot.

import { html, render } from "./vendor/preact-htm/htm-preact.mjs";
import { connect } from "./link.js";
import { Detail } from "./detail.js";
import { listCases, onChange, select, store } from "./store.js";
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

const KEYS = {
  j: () => step(1), ArrowDown: () => step(1), k: () => step(-1), ArrowUp: () => step(-1),
  f: () => ground?.fit(), z: () => ground?.showCase(), l: switchLanguage, Escape: () => select(null),
};

document.addEventListener("keydown", (event) => {
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
connect();
if (document.createElement("canvas").getContext("webgl2")) {
  const { Ground } = await import("./map.js");
  ground = new Ground($("map"), $("units"));
}
