// What both pages show: the head, the order that fills the screen, notices, own alarms.

import { html, useEffect, useState } from "../vendor/preact-htm/htm-preact.mjs";
import { connect, now } from "./link.js";
import { Hold } from "./press.js";
import { isHeard } from "./sound.js";
import { findType, follow, isPost, read, store, understood, unsent } from "./store.js";
import { Way } from "./way.js";
import { clock, isChinese, pick, say, setChinese, span } from "./words.js";

const zone = () => store.hello?.timezone;
export const typeName = (type) => pick(findType(type)) || say(type);

/** Drawn anew every second: clocks run. */
export function useSecond() {
  const [, turn] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => turn((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, []);
}

export function Clock({ quiet = false }) {
  useSecond();
  const time = clock(now(), zone());
  // A silent call that is on record shows as another mark between the figures, to who knows of it.
  const mark = quiet && store.quietMs && now() - store.quietMs < 60000 ? "·" : ":";
  return html`<time id="clock">${time.replaceAll(":", mark)}</time>`;
}

export function Link() {
  const left = unsent();
  return html`<span id="link" class="pill ${store.link}" role="status">
    <i class="dot"></i>${say(store.link)}${left ? html` · <b id="unsent">${left}</b> ${say("waitingN")}` : null}</span>`;
}

export function Language({ redraw }) {
  const turn = () => { setChinese(!isChinese()); redraw(); };
  return html`<button type="button" id="language" class="quiet" onclick=${turn}>${say("lang")}</button>`;
}

export function Banner() {
  useSecond();
  if (store.link === "lost") return html`<p class="banner lost" role="alert">${say("lostLong")} · ${span((now() - store.lostMs) / 1000)}</p>`;
  if (store.link === "unpaired") return html`<p class="banner lost" role="alert">${say("unpairedLong")}</p>`;
  if (store.link === "elsewhere") {
    return html`<p class="banner lost" role="alert">${say("elsewhereLong")}
      <button type="button" onclick=${connect}>${say("useHere")}</button></p>`;
  }
  return isHeard() ? null : html`<p class="banner" id="mute" role="status">${say("soundOff")}</p>`;
}

/** How far an alarm has come; what cannot be sent now is kept. */
export const stateOf = (one) => (one.state === "sending" && store.link === "lost" ? "kept" : one.state);

export function Alarms() {
  return html`<section id="alarms" aria-live="polite"><h2>${say("mine")}</h2>
    ${store.alarms.length ? null : html`<p class="blank">${say("none")}</p>`}
    <ul>${store.alarms.map((one) => {
      const state = stateOf(one);
      return html`<li key=${one.id} class=${one.state} data-alarm=${one.id}>
        <time>${clock(one.t, zone())}</time><b>${typeName(one.type)}</b>
        <span>${say(state)}${one.incident ? html` <em>${one.incident}</em>` : null}${one.error ? html` <small>${one.error}</small>` : null}</span></li>`;
    })}</ul></section>`;
}

export function Notices({ title, blank }) {
  useSecond();
  const rows = store.notices.filter((one) => one.expires > now());
  return html`<section id="notices" aria-live="polite"><h2>${title}</h2>
    ${rows.length ? null : html`<p class="blank">${blank}</p>`}
    <ul>${rows.map((one) => html`<li key=${one.id} class="${one.kind} ${one.read ? "read" : "fresh"}" data-notice=${one.id}>
      <header><b>${say(one.kind)}</b>${one.exercise ? html` <i class="drill">${say("drill")}</i>` : null}<time>${clock(one.t, zone())}</time></header>
      <p>${one.text}</p>
      ${one.read ? html`<small>${say(one.answer ? "answered" : "read")} ✓</small>`
        : html`<button type="button" class=${one.answer ? "loud" : ""} onclick=${() => read(one)}>${say(one.answer ? "answerCall" : "read")}</button>`}
    </li>`)}</ul></section>`;
}

function Deadline({ order }) {
  useSecond();
  const left = Math.ceil((order.ack_by - now()) / 1000);
  return html`<p class="deadline ${left < 0 ? "late" : ""}">${say(left < 0 ? "ackLate" : "ackWithin", { s: Math.abs(left) })}</p>`;
}

const REASONS = { unit: ["onOther", "tooFar", "vehicle"], post: ["cannotLeave", "onOther", "tooFar"] };

function Refusal({ close }) {
  const reasons = REASONS[isPost() ? "post" : "unit"];
  return html`<div class="choices" role="group" aria-label=${say("why")}><h2>${say("why")}</h2>
    ${reasons.map((reason) => html`<button type="button" data-reason=${reason} onclick=${() => follow("refused", say(reason))}>${say(reason)}</button>`)}
    <button type="button" class="quiet" onclick=${close}>${say("back")}</button></div>`;
}

const isOpen = (order) => order && !order.said && (order.status === "issued" || order.status === "delivered");
/** Whether an order fills the screen now. */
export const isAnswering = () => store.recalled !== null || Boolean(isOpen(store.order));
const stepOf = (order) => (order.said === "available" ? "completed" : order.said ?? order.status);

function Steps({ order }) {
  const step = stepOf(order);
  const moving = step === "en_route" || step === "on_scene";
  return html`<div class="steps">
    <button type="button" data-do="en_route" class=${moving ? "done" : "loud"} disabled=${moving} onclick=${() => follow("en_route")}>${say("go")}</button>
    <button type="button" data-do="on_scene" class=${step === "en_route" ? "loud" : ""} disabled=${step === "on_scene"} onclick=${() => follow("on_scene")}>${say("arrive")}</button>
    <${Hold} name="clear" kind="bar" act=${() => follow("available")} label=${say("clearHold")}>${say("clearHold")}<//>
  </div>`;
}

/** The order: it fills the screen until it is answered, and stays until it is done. */
export function OrderScreen() {
  const [refusing, refuse] = useState(false);
  const order = store.order;
  useEffect(() => refuse(false), [order?.id]);
  if (store.recalled) {
    return html`<div id="recalled" class="screen" role="alertdialog" aria-label=${say("recalled")}>
      <h1>${say("recalled")}</h1><p class="what">${store.recalled.incident} · ${say(store.recalled.reason)}</p>
      <button type="button" class="loud" onclick=${understood}>${say("understood")}</button></div>`;
  }
  if (!order) return null;
  const open = isOpen(order);
  const role = order.role === "hold" ? "hold_role" : order.role;
  return html`<div id="order" class="${open ? "screen" : "card"} p${order.priority}" data-order=${order.id} data-step=${stepOf(order)}
      role=${open ? "alertdialog" : "region"} aria-label=${say("order")}>
    <header><span class="priority">${order.priority}</span><h1>${typeName(order.type)}</h1>
      ${order.exercise ? html`<i class="drill">${say("drill")}</i>` : null}${order.silent ? html`<i class="mute">${say("silent")}</i>` : null}
      <small>${order.incident} · ${say(stepOf(order))}</small></header>
    <p class="place">${order.place}</p>
    ${order.text ? html`<p class="what">${order.text}</p>` : null}
    <dl><div><dt>${say("role")}</dt><dd>${say(role)}</dd></div><div><dt>${say("eta")}</dt><dd>${span(order.eta_s)}</dd></div>
      <div><dt>${say("others")}</dt><dd>${order.others.join(" ") || "—"}</dd></div></dl>
    ${open ? html`<${Deadline} order=${order}/>` : null}
    ${refusing && open ? html`<${Refusal} close=${() => refuse(false)}/>` : null}
    ${open && !refusing ? html`<div class="answers">
      <button type="button" data-do="accepted" class="loud" onclick=${() => follow("accepted")}>${say("accept")}</button>
      <button type="button" data-do="refused" onclick=${() => refuse(true)}>${say("refuse")}</button></div>` : null}
    ${open ? null : html`<${Steps} order=${order}/>`}
    <${Way} order=${order}/>
  </div>`;
}
