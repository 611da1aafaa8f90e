// The top bar, the queue, the latest orders, the legend and the banner that says what is wrong.

import { html } from "./vendor/preact-htm/htm-preact.mjs";
import { Person } from "./login.js";
import { ageMs, engineNow, findPlan, listCases, select, store } from "./store.js";
import { duration, etaText, isChinese, pick, say, term } from "./words.js";

const STALE_MS = 3000;
const ROWS = 200;
const WIRE = 6;

export const Sign = ({ priority }) => html`<span class="sign p${priority}"><b>${priority}</b></span>`;
export const typeName = (type) => pick(findPlan(type)) || term(type);

function Figure({ name, label, value, unit, tone }) {
  return html`<span class="figure ${tone ?? ""}" data-figure=${name}>
    <i>${label}</i><b>${value ?? "—"}</b>${unit ? html`<u>${unit}</u>` : null}</span>`;
}

function LinkAge() {
  const age = ageMs();
  const seconds = Number.isFinite(age) ? (age / 1000).toFixed(1) : null;
  let state = store.link;
  if (state === "live" && age > STALE_MS) state = "stale";
  const text = state === "connecting" ? say("connecting") : `${say(state)}${seconds === null ? "" : ` ${seconds} s`}`;
  return html`<span id="link" class="pill ${state}" role="status"><span class="dot"></span>${text}</span>`;
}

function clock() {
  const zone = store.district?.timezone;
  return new Date(engineNow()).toLocaleTimeString("zh-CN", { hour12: false, timeZone: zone });
}

const latency = (ms) => (ms == null ? "—" : ms < 1 ? "<1" : String(Math.round(ms)));

export function Top({ onLanguage, onFit }) {
  const c = store.counters;
  return html`<header>
    <h1>${say("title")}<small>${pick(store.district)}</small></h1>
    <${Figure} name="open" label=${say("open")} value=${c?.open} tone=${c?.open ? "warm" : ""} />
    <${Figure} name="pending" label=${say("pending")} value=${c?.pending} tone=${c?.pending ? "hot" : ""} />
    <${Figure} name="unanswered" label=${say("unanswered")} value=${c?.unanswered} />
    <${Figure} name="units" label=${say("units")} value=${c?.units} />
    <${Figure} name="available" label=${say("available")} value=${c?.available} tone="good" />
    <${Figure} name="latency" label=${say("latency")} unit="ms"
      value=${c && `${latency(c.latency_p50_ms)} / ${latency(c.latency_p99_ms)}`} />
    <span class="gap"></span>
    <${LinkAge} />
    <${Person} /><button onClick=${onFit}>${say("fit")}</button>
    <button id="language" onClick=${onLanguage}>${say("lang")}</button>
    <time>${clock()}</time>
  </header>`;
}

export function Banner({ noMap }) {
  const lines = [];
  if (store.link === "lost") {
    const since = duration(performance.now() - store.lostAt);
    lines.push(["lost", `${say("lostLong")} · ${since}`]);
  } else if (store.link === "live") {
    if (ageMs() > STALE_MS) lines.push(["stale", say("staleLong")]);
    if (!store.works) lines.push(["lost", say("engineStopped")]);
    if (!store.broker) lines.push(["stale", say("brokerLost")]);
  }
  if (noMap && store.link !== "connecting") lines.push(["stale", say("noGl")]);
  return lines.map(([tone, text]) => html`<p class="banner ${tone}"><b>!</b>${text}</p>`);
}

function Row({ one, onShow }) {
  const { incident } = one;
  const closed = incident.status === "closed";
  const until = closed ? incident.since_ms : engineNow();
  const late = incident.status === "pending" && until - incident.raised_ms > 30_000;
  const show = () => {
    const again = store.selected === incident.id;
    select(incident.id);
    if (again) onShow();
  };
  const going = one.orders.filter((order) => ["accepted", "en_route", "on_scene"].includes(order.status)).length;
  return html`<li class="case ${closed ? "closed" : ""} ${store.selected === incident.id ? "chosen" : ""}"
      data-incident=${incident.id} onClick=${show}>
    <${Sign} priority=${incident.priority} />
    <span class="what"><b>${typeName(incident.type)}${incident.silent && html`<em>${say("silent")}</em>`}</b>
      <small>${incident.id} · ${incident.place_name}</small></span>
    <span class="how"><span class="state s-${incident.status}">${term(incident.status)}</span>
      <small>${going}/${one.orders.length} ${say("orders")}</small></span>
    <time class=${late ? "late" : ""}>${duration(until - incident.raised_ms)}</time>
  </li>`;
}

export function Queue({ onShow }) {
  const cases = listCases();
  const open = cases.filter((one) => one.incident.status !== "closed");
  const shown = cases.slice(0, ROWS);
  const hidden = (store.counters?.open ?? 0) - open.length;
  return html`<h2>${say("queue")}<span>${store.counters?.open ?? ""}</span></h2>
    ${store.district === null && html`<div class="blank"><span class="spin"></span>${say("loading")}</div>`}
    ${store.district !== null && !open.length &&
      html`<div class="blank calm"><b>${say("empty")}</b>${say("emptyHint")}</div>`}
    <ul>${shown.map((one, at) => html`
      ${one.incident.status === "closed" && shown[at - 1]?.incident.status !== "closed"
        && html`<li class="rule" key="rule">${say("recent")}</li>`}
      <${Row} key=${one.incident.id} one=${one} onShow=${onShow} />`)}
      ${hidden > 0 && html`<li class="rule" key="more">+ ${hidden} ${say("more")}</li>`}</ul>
    <footer>${say("keys")}</footer>`;
}

export const responderName = (id) => store.names.get(id) ?? "";

export function Wire() {
  const orders = listCases().flatMap((one) => one.orders);
  orders.sort((a, b) => b.issued_ms - a.issued_ms || (a.id < b.id ? 1 : -1));
  const zone = store.district?.timezone;
  const at = (ms) => new Date(ms).toLocaleTimeString("zh-CN", { hour12: false, timeZone: zone });
  return html`<h2>${say("wire")}</h2>
    ${!orders.length && html`<p class="blank small">${say("quiet")}</p>`}
    <table>${orders.slice(0, WIRE).map((order) => html`
      <tr key=${order.id} class=${store.fresh.has(order.id) ? "fresh" : ""} onClick=${() => select(order.incident)}>
        <td><time>${at(order.issued_ms)}</time></td>
        <td><b>${order.responder}</b> ${responderName(order.responder)}</td>
        <td>→ ${order.incident} ${typeName(order.type)}</td>
        <td>${order.place_name}</td>
        <td>${term(order.role)}</td><td class="eta">${etaText(order.eta_s)}</td>
        <td><span class="state o-${order.status}">${term(order.status)}</span></td></tr>`)}</table>`;
}

const KIND_SHAPES = { car: "▲", motorcycle: "◭", foot: "●", plain_clothes: "◆" };

export function Legend() {
  const kinds = Object.entries(KIND_SHAPES);
  const statuses = ["available", "dispatched", "en_route", "on_scene", "busy", "out_of_service"];
  const stale = isChinese() ? "空心 = 定位过时" : "hollow = old position";
  return html`<p>${kinds.map(([kind, shape]) => html`<span><i>${shape}</i>${term(kind)}</span>`)}</p>
    <p>${statuses.map((status) => html`<span><i class="u-${status}">■</i>${term(status)}</span>`)}<span>${stale}</span></p>`;
}
