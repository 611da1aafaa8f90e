// One incident in full: who called, who was weighed and why, what was ordered, what happened.

import { html } from "./vendor/preact-htm/htm-preact.mjs";
import { engineNow, selectedCase, store } from "./store.js";
import { Acts, AdviceList, Notes, OrderActs, SendAct } from "./acts.js";
import { responderName, Sign, typeName } from "./views.js";
import { duration, etaText, need, say, term, why } from "./words.js";

const SHOWN = 8;
const UNANSWERED = ["issued", "delivered"];

const clock = (ms) =>
  new Date(ms).toLocaleTimeString("zh-CN", { hour12: false, timeZone: store.district?.timezone });
const quick = (ms) => (ms < 10 ? "< 0.01 s" : `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 0)} s`);
const km = (m) => (m == null ? "" : `${(m / 1000).toFixed(1)} km`);

function Head({ incident }) {
  const first = incident.first_order_ms;
  const scene = incident.first_on_scene_ms;
  const lacking = Object.entries(incident.short).map(([name, count]) => `${need(name)} × ${count}`);
  return html`<div class="head"><${Sign} priority=${incident.priority} />
    <div><h3>${typeName(incident.type)}${incident.silent && html`<em>${say("silent")}</em>`}</h3>
      <p>${incident.place_name}</p></div>
    <span class="state s-${incident.status}">${term(incident.status)}</span></div>
    <p class="facts">
      <span>${say("first")} <b>${first ? quick(first - incident.raised_ms) : "—"}</b></span>
      <span>${say("arrived")} <b>${scene ? duration(scene - incident.raised_ms) : "—"}</b></span>
      <span>${say("certainty")} <b>${incident.certainty}</b></span>
      <span>${say("certaintyN")} <b>${incident.sources.length}</b></span>
    </p>
    ${lacking.length > 0 && html`<p class="lacking">${say("lacking")} ${lacking.join(", ")}</p>`}`;
}

function Order({ order }) {
  const left = order.ack_by_ms - engineNow();
  const waiting = UNANSWERED.includes(order.status);
  const along = order.streets.filter((one) => one.name).slice(0, 4).map((one) => one.name).join(" › ");
  return html`<li class="order ${store.fresh.has(order.id) ? "fresh" : ""}" data-order=${order.id}>
    <b>${order.responder}</b><span class="who">${responderName(order.responder) || term(order.kind)} · ${term(order.role)}</span>
    <span class="eta">${etaText(order.eta_s)}</span>
    <span class="state o-${order.status}">${term(order.status)}${waiting ? html` <time>${duration(Math.max(0, left))}</time>` : null}</span>
    <small>${[km(order.length_m), along, order.attempts > 1 && `×${order.attempts}`].filter(Boolean).join(" · ")}</small><${OrderActs} order=${order} /></li>`;
}

function Candidates({ found, incident }) {
  const passed = Object.entries(found.passed_over).map(([reason, count]) => `${why(reason)} ${count}`);
  return html`<h4>${say("candidates")} · ${need(found.need)}
      <span>${say("wanted")} ${found.wanted} · ${say("found")} ${found.found}</span></h4>
    <ol>${found.candidates.slice(0, SHOWN).map((one) => html`
      <li class="candidate ${one.chosen ? "chosen" : ""}" key=${one.responder}>
        <i>${one.rank}</i><b>${one.responder}</b>
        <span class="who">${responderName(one.responder) || term(one.kind)}<small>${[km(one.air_m), why(one.reason)].filter(Boolean).join(" · ")}</small></span>
        <span class="eta">${etaText(one.eta_s)}</span>
        <small class=${one.reason === "stale" ? "old" : ""}>${one.fix_age_s == null ? "" : `${Math.round(one.fix_age_s)} s`}</small><${SendAct} incident=${incident} candidate=${one} /></li>`)}</ol>
    ${passed.length > 0 && html`<p class="passed">${say("passed")}: ${passed.join(", ")}</p>`}`;
}

function Alarms({ alarms }) {
  return html`<h4>${say("alarms")}<span>${alarms.length}</span></h4>
    <ul class="plain">${alarms.map((alarm) => html`<li key=${alarm.key}>
      <time>${clock(alarm.received_ms)}</time><span><b>${alarm.source}</b> ${typeName(alarm.type)}
      ${alarm.text ? ` · ${alarm.text}` : ""}${alarm.suspect ? ` · ${alarm.suspect}` : ""}</span></li>`)}</ul>`;
}

const note = (text) => (text ? ` · ${text.split(" · ").map((part) => term(part)).join(" · ")}` : "");
const level = (step) => (/^\d+$/.test(step.status ?? "") ? ` ${step.status}` : step.status ? ` ${term(step.status)}` : "");

function Timeline({ steps }) {
  return html`<h4>${say("timeline")}</h4>
    <ul class="plain line">${[...steps].reverse().map((step, at) => html`<li key=${steps.length - at}>
      <time>${clock(step.at_ms)}</time><span>${term(step.what)}${level(step)}
      ${step.who && html` <b>${step.who}</b>`}${note(step.note)}</span></li>`)}</ul>`;
}

export function Detail() {
  const one = selectedCase();
  if (!one) {
    return html`<h2>${say("detail")}</h2><div class="blank">${say("pick")}</div>`;
  }
  return html`<h2>${say("detail")}<span>${one.incident.id}</span></h2>
    <div class="scroll" id="case" data-incident=${one.incident.id}><${Head} incident=${one.incident} /><${Acts} incident=${one.incident} /><${AdviceList} incident=${one.incident} />
      <h4>${say("orders")}<span>${one.orders.length}</span></h4>
      ${!one.orders.length && html`<p class="blank small">${say("noOrders")}</p>`}
      <ul class="plain">${one.orders.map((order) => html`<${Order} key=${order.id} order=${order} />`)}</ul>
      ${one.recommendations.map((found) => html`<${Candidates} key=${found.need} found=${found} incident=${one.incident} />`)}
      <${Notes} incident=${one.incident} />
      <${Alarms} alarms=${one.alarms} />
      <${Timeline} steps=${one.timeline} />
    </div>`;
}
