// The supervisor's page: who asks, which period, and the report itself; drawn anew every minute.

import { html, render, useState } from "../vendor/preact-htm/htm-preact.mjs";
import { enter, held, load, logIn, logOut, zone } from "./data.js";
import { Report } from "./views.js";
import { isChinese, pick, say, setChinese, when } from "./words.js";

const HOUR_MS = 3600000;
const AGAIN_MS = 60000;
const LEDGERS = ["incidents", "orders", "calls", "follow_ups"];
const view = { preset: "h24", since: 0, until: 0, busy: false };
const local = (ms) => new Date(ms - new Date(ms).getTimezoneOffset() * 60000).toISOString().slice(0, 16);

/** Since and until, epoch ms; a day begins at midnight where the district is. */
function period() {
  const now = Date.now() + 1;
  if (view.preset === "custom") return [view.since, view.until];
  if (view.preset === "today") {
    const time = new Date(now).toLocaleTimeString("en-GB", { timeZone: zone(), hour12: false }).split(":").map(Number);
    return [now - ((time[0] * 60 + time[1]) * 60 + time[2]) * 1000, now];
  }
  return [now - (view.preset === "h8" ? 8 : 24) * HOUR_MS, now];
}

async function refresh() {
  if (held.failure === "no_session" || (held.failure === "forbidden" && held.me === null)) return;
  view.busy = true;
  draw();
  [view.since, view.until] = period();
  await load(view.since, view.until);
  view.busy = false;
  draw();
}

function Login() {
  const [said, set] = useState(null);
  const submit = async (event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const failure = await logIn(form.get("name"), form.get("password"));
    set(failure);
    if (failure === null) refresh();
  };
  return html`<main><form id="login" onsubmit=${submit}><h1>street110 · ${say("title")}</h1>
    <label>${say("name")}<input name="name" autocomplete="username" required autofocus/></label>
    <label>${say("password")}<input name="password" type="password" autocomplete="current-password" required/></label>
    <p role="alert">${said ? say(said) : ""}</p><button type="submit" class="loud">${say("login")}</button>
    <${Language}/></form></main>`;
}

function Language() {
  return html`<button type="button" id="language" onclick=${() => { setChinese(!isChinese()); draw(); }}>${say("lang")}</button>`;
}

function choose(preset) {
  view.preset = preset;
  refresh();
}

function Period() {
  const [custom, show] = useState(view.preset === "custom");
  const submit = (event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    view.preset = "custom";
    [view.since, view.until] = [new Date(form.get("since")).getTime(), new Date(form.get("until")).getTime()];
    if (view.since < view.until) refresh();
  };
  return html`<div id="period" role="group" aria-label=${say("period")}>
    ${["h8", "h24", "today"].map((one) => html`<button type="button" data-period=${one} aria-pressed=${String(view.preset === one)} onclick=${() => { show(false); choose(one); }}>${say(one)}</button>`)}
    <button type="button" data-period="custom" aria-pressed=${String(view.preset === "custom")} aria-expanded=${String(custom)} onclick=${() => show(!custom)}>${say("custom")}</button>
    ${custom ? html`<form onsubmit=${submit}><label>${say("since")}<input type="datetime-local" name="since" required defaultValue=${local(view.since)}/></label>
      <label>${say("until")}<input type="datetime-local" name="until" required defaultValue=${local(view.until)}/></label><button type="submit">${say("show")}</button></form>` : null}</div>`;
}

function Exports() {
  const query = `language=${isChinese() ? "zh" : "en"}&since_ms=${Math.round(view.since)}&until_ms=${Math.round(view.until)}`;
  return html`<nav id="exports" aria-label=${say("exports")}><span>${say("exports")}</span>
    ${LEDGERS.map((name) => html`<span class="pair"><a href="/api/v1/ledgers/${name}.xlsx?${query}" download="${name}.xlsx" data-ledger=${name}>${say(`ledger_${name}`)}</a>
      <a href="/api/v1/ledgers/${name}.csv?${query}" download="${name}.csv" aria-label="${say(`ledger_${name}`)} CSV">CSV</a></span>`)}
    <button type="button" id="print" class="loud" onclick=${() => print()}>${say("print")}</button></nav>`;
}

function Head() {
  const district = held.data?.state.district;
  const leave = async () => { await logOut(); draw(); };
  return html`<header id="head"><h1>${pick(district)} ${say("title")}</h1>
    <p id="as-of">${say("period")} ${when(view.since, zone(), true)} – ${when(view.until, zone(), true)} <small>${say("asOf")} ${when(held.at, zone())}${view.busy ? " …" : ""}</small></p>
    <span class="gap"></span><a href="/">${say("console")}</a><${Language}/>
    ${held.me?.name ? html`<span class="who">${held.me.name}</span><button type="button" id="leave" onclick=${leave}>${say("logout")}</button>` : null}</header>`;
}

function Page() {
  if (held.failure === "no_session") return html`<${Login}/>`;
  if (held.failure === "forbidden") {
    return html`<main class="told"><h1>${say("forbidden")}</h1><button type="button" onclick=${async () => { await logOut(); draw(); }}>${say("logout")}</button><${Language}/></main>`;
  }
  if (!held.data) return html`<main class="told"><h1>${say(held.failure ? "nothing" : "loading")}</h1></main>`;
  return html`<${Head}/>
    ${held.failure ? html`<p class="banner" role="alert">${say("unreachable", { at: when(held.at, zone()) })}</p>` : null}
    <div id="tools" role="region" aria-label="${say("period")}, ${say("exports")}"><${Period}/><${Exports}/></div>
    <main><${Report}/></main>
    <footer id="signed"><span>${say("madeBy")}: ${held.me?.name || "________"}</span><span>${say("checkedBy")}: ________</span><span>${say("printedAt")}: ${when(Date.now(), zone(), true)}</span><small>${say("beyond")}</small></footer>`;
}

const draw = () => render(html`<${Page}/>`, document.getElementById("page"));
draw();
enter().then(refresh).then(draw);
setInterval(() => { if (view.preset !== "custom" && document.visibilityState === "visible") refresh(); }, AGAIN_MS);
