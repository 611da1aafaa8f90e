// The form of a 110 call: the place as one types, who would be sent before it is saved, the code after.

import { html } from "./vendor/preact-htm/htm-preact.mjs";
import { look, may, newId, post, refusal, tell } from "./session.js";
import { changed, select, store } from "./store.js";
import { typeName } from "./views.js";
import { word } from "./words_acts.js";
import { etaText } from "./words.js";

const WAIT_MS = 350;
const BLANK = { type: "", where: "", text: "", caller: "", silent: false };
export const call = { open: false, fields: { ...BLANK }, place: null, found: [], seen: null, failure: null, code: null };
let timer = 0;
let asked = 0;

export function openCall() {
  if (!may("command")) return;
  const type = store.district?.plans.some((plan) => plan.type === "disturbance") ? "disturbance" : store.district?.plans[0]?.type;
  Object.assign(call, { open: true, fields: { ...BLANK, type }, place: null, found: [], seen: null, failure: null, code: null });
  changed("call");
  requestAnimationFrame(() => document.getElementById("call-where")?.focus());
}

export function closeCall() {
  call.open = false;
  changed("call");
}

const body = () => {
  const { type, text, caller, silent, where } = call.fields;
  return { type, ...(call.place ? { place: { lon: call.place.lon, lat: call.place.lat } } : { where }), ...(text ? { text } : {}), ...(caller ? { caller } : {}), ...(silent ? { silent } : {}) };
};

function later(work) {
  clearTimeout(timer);
  timer = setTimeout(work, WAIT_MS);
}

async function find() {
  const mine = (asked += 1);
  try {
    const { found } = await look(`find?q=${encodeURIComponent(call.fields.where)}&most=6`);
    if (mine === asked) call.found = found;
  } catch (error) {
    call.failure = refusal(error);
  }
  changed("call");
}

async function preview() {
  const mine = (asked += 1);
  try {
    const seen = await post("preview", body());
    if (mine === asked) Object.assign(call, { seen, failure: null });
  } catch (error) {
    if (mine === asked) Object.assign(call, { seen: null, failure: refusal(error) });
  }
  changed("call");
}

function put(name, value) {
  call.fields[name] = value;
  if (name === "where") {
    Object.assign(call, { place: null, seen: null });
    if (value.trim()) later(find);
    else call.found = [];
  } else if (call.place) {
    call.seen = null;
    later(preview);
  }
  changed("call");
}

function take(one) {
  call.fields.where = one.name;
  Object.assign(call, { place: one.place, found: [] });
  changed("call");
  preview();
}

async function save(event) {
  event.preventDefault();
  try {
    const done = await post("calls", { id: newId(), ...body() });
    call.code = done;
    select(done.incident);
    tell(`${done.incident} · ${word("code")} ${done.code ?? ""}`);
  } catch (error) {
    if (error.body?.found) call.found = error.body.found;
    call.failure = refusal(error);
  }
  changed("call");
}

function Seen() {
  const { seen } = call;
  if (!seen) return null;
  const going = seen.orders.map((order) => `${order.responder} ${etaText(order.eta_s)}`).join(" · ");
  return html`<div id="preview"><p><b>${word("wouldGo")}</b> ${going || word("nobody")}${seen.confirm ? ` · ${word("waits")}` : ""}</p>
    ${seen.joins && html`<p class="joins"><b>${word("joins")}</b> ${seen.joins.incident} · ${seen.joins.why} · ${Math.round(seen.joins.apart_m)} m</p>`}
    ${seen.near.length > 0 && html`<p><b>${word("near")}</b> ${seen.near.slice(0, 3).map((row) => row.incident ?? row.id).join(" · ")}</p>`}</div>`;
}

export function Call() {
  if (!call.open) return null;
  const field = (name) => ({ value: call.fields[name], onInput: (event) => put(name, event.currentTarget.value) });
  const key = (event) => {
    event.stopPropagation();
    if (event.key === "Escape") closeCall();
    if (event.key === "Enter" && event.target.id === "call-where" && call.found.length) {
      event.preventDefault();
      take(call.found[0]);
    }
  };
  return html`<form id="call" role="dialog" aria-label=${word("call")} onSubmit=${save} onKeyDown=${key}><h2>${word("call")}</h2>
    <label>${word("where")}<input id="call-where" autocomplete="off" required maxlength="200" ...${field("where")} /></label>
    <ul role="listbox">${call.found.map((one) => html`<li role="option" key=${one.name + one.place.lon} tabindex="0" onClick=${() => take(one)}><b>${one.name}</b> <small>${one.how}</small></li>`)}</ul>
    <label>${word("type")}<select value=${call.fields.type} onChange=${(event) => put("type", event.currentTarget.value)}>${store.district?.plans.map((plan) => html`<option value=${plan.type}>${typeName(plan.type)}</option>`)}</select></label>
    <label>${word("what")}<input maxlength="500" ...${field("text")} /></label>
    <label>${word("caller")}<input inputmode="tel" maxlength="32" ...${field("caller")} /></label>
    <label class="tick"><input type="checkbox" checked=${call.fields.silent} onChange=${(event) => put("silent", event.currentTarget.checked)} />${word("silent")}</label>
    <${Seen} />${call.failure && html`<p role="alert" class="bad">${call.failure}</p>`}
    ${call.code && html`<p id="code">${call.code.incident} · ${word("code")} <b>${call.code.code}</b></p>`}
    <span><button type="submit" class="loud" disabled=${Boolean(call.code)}>${word("save")}</button><button type="button" onClick=${closeCall}>${word("cancel")}</button></span></form>`;
}
