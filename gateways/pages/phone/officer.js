// The officer's page: the order with its way, status keys, plate check, and a call for help.

import { html, render, useState } from "../vendor/preact-htm/htm-preact.mjs";
import { Alarms, Banner, Clock, Language, Link, Notices, OrderScreen } from "./parts.js";
import { lastPlace, lastView, watch } from "./place.js";
import { Hold } from "./press.js";
import { install } from "./shell.js";
import { begin, checkPlate, raise, report, sight, store } from "./store.js";
import { clock, say } from "./words.js";

const KEYS = ["available", "busy", "out_of_service", "off_duty"];

function Status() {
  const status = store.state?.status;
  return html`<section id="status"><h2>${say("status")} <small>${say(status ?? "none")}</small></h2>
    <div class="grid">${KEYS.map((key) => html`<button type="button" data-status=${key} aria-pressed=${String(status === key)}
      onclick=${() => report(key)}>${say(key)}</button>`)}</div></section>`;
}

function Plate() {
  const [plate, set] = useState("");
  const found = store.check;
  const ask = (event) => {
    event.preventDefault();
    if (plate.trim()) checkPlate(plate.trim().toUpperCase());
  };
  let said = null;
  if (found?.error) said = html`<p class="told">${found.error}</p>`;
  else if (found && found.hit === undefined) said = html`<p class="told">${found.plate} · ${say("checking")}</p>`;
  else if (found) {
    said = html`<p class="told ${found.hit ? "hit" : "clean"}"><b>${found.plate}</b> ${say(found.hit ? "hit" : "clean")}
      ${found.reason ? html`<small>${found.reason}</small>` : null}</p>`;
  }
  return html`<section id="plate"><h2>${say("plate")}</h2>
    <form onsubmit=${ask}><label>${say("plateLabel")}<input name="plate" maxlength="16" autocomplete="off" autocapitalize="characters"
      value=${plate} oninput=${(event) => set(event.target.value)}/></label><button type="submit">${say("check")}</button></form>
    <div aria-live="polite">${said}</div></section>`;
}

const MEANS = ["foot", "motorcycle", "car"];

/** Where a fleeing suspect was seen is where the officer is; without a position it cannot be said. */
function Seen() {
  const view = lastView();
  const last = store.sightings[0];
  return html`<section id="seen"><h2>${say("seen")} <small>${say(view ? "seenHint" : "gpsNone")}</small></h2>
    <div class="grid">${MEANS.map((on) => html`<button type="button" data-seen=${on} disabled=${!view} onclick=${() => sight(on, lastView())}>${say(on)}</button>`)}</div>
    <p role="status">${last ? `${say(last.on)} · ${clock(last.t, store.hello?.timezone)} ${say("sent")}` : ""}</p></section>`;
}

function Page({ redraw }) {
  const { id, name } = store.hello ?? {};
  const help = () => raise("panic", { place: lastPlace() });
  return html`
    <header id="head"><div class="who"><b>${id ?? "—"}</b><span>${name ?? ""}</span></div><${Clock}/><span class="gap"></span>
      <span id="gps" class="pill ${store.gps === "gps" ? "live" : "connecting"}">${say(store.gps)}</span><${Link}/><${Language} redraw=${redraw}/></header>
    <${Banner}/>
    <main id="officer" class=${store.order ? "busy" : ""}>
      <h1 class="unseen">${say("unit")} ${name ?? ""}</h1>
      <${OrderScreen}/>
      ${store.order ? null : html`<section class="calm"><h2>${say("noOrder")}</h2><p>${say("noOrderLong")}</p></section>`}
      <${Status}/><${Notices} title=${say("notice")} blank=${say("none")}/><${Plate}/><${Seen}/><${Alarms}/>
    </main>
    <footer id="foot"><${Hold} name="sos" kind="sos" act=${help}><b>${say("sos")}</b> <small>${say("hold")}</small><//></footer>`;
}

const root = document.getElementById("page");
const redraw = () => render(html`<${Page} redraw=${redraw}/>`, root);
redraw();
begin(redraw);
watch((gps) => { store.gps = gps; redraw(); });
install();
