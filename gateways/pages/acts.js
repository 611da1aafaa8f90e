// What an operator does with the incident that is shown: buttons, small forms, undo.

import { html } from "./vendor/preact-htm/htm-preact.mjs";
import { act, look, may, session, tell } from "./session.js";
import { changed, listCases, select, selectedCase, store } from "./store.js";
import { word } from "./words_acts.js";
import { term } from "./words.js";

export const ENDS = ["handled", "false_alarm", "cancelled", "gone_on_arrival", "unfounded", "referred", "drill"];
export const REASONS = ["known", "asked", "tooFar", "needed", "operator"];
const MOVES = ["delivered", "accepted", "en_route", "on_scene", "refused", "completed"];
const panel = { form: null };
const advice = { rows: [], at: 0 };

export function openForm(name) {
  panel.form = panel.form === name ? null : name;
  changed("form");
}

export const confirmIncident = (incident) =>
  act("confirm_incident", { incident }, { text: word("done") });

export const sendUnit = (incident, responder, reason) =>
  act("send_order", { incident, responder, ...(reason ? { reason } : {}) }, {
    text: `${word("sent")}: ${responder}`,
    undo: () => () => recallLast(incident, responder),
  });

function recallLast(incident, responder) {
  const mine = store.cases.get(incident)?.orders.filter((one) => one.responder === responder);
  const last = mine?.[mine.length - 1];
  if (last) recall(last.id, "undo");
}

export const recall = (order, reason) =>
  act("cancel_order", { order, reason: reason || word("operator") }, { text: `${word("recalled")}: ${order}` });

export const closeIncident = (incident, disposition, text, outcomes = {}) =>
  act("close_incident", { incident, disposition, outcomes, ...(text ? { text } : {}) }, {
    text: `${word("closed")}: ${incident}`,
    undo: () => () => act("reopen_incident", { incident, reason: word("undo") }, { text: word("done") }),
  });

export const mergeInto = (kept, merged, reason) =>
  act("merge_incidents", { kept, merged, reason: reason || word("operator") }, {
    text: `${word("merged")}: ${merged} → ${kept}`,
    undo: () => () => act("unmerge_incident", { merged, reason: word("undo") }, { text: word("done") }),
  }).then((done) => done && select(kept));

export const addNote = (incident, text) => act("add_note", { incident, text }, { text: word("noted") });

export const setStatus = (responder, status, reason) =>
  act("set_status", { responder, status, reason: reason || word("radio") }, { text: `${responder}: ${term(status)}` });

export const callEverybody = (text, kind, incident) =>
  act("call_many", { kind, text, ...(incident ? { incident } : {}) }, { text: `${word("everyone")} ✓` });

function submit(event, work) {
  event.preventDefault();
  const form = new FormData(event.currentTarget);
  Promise.resolve(work(form)).then(() => openForm(null));
}

function Form({ name, fields, work }) {
  if (panel.form !== name) return null;
  return html`<form class="act" data-form=${name} onSubmit=${(event) => submit(event, work)}>${fields}
    <span><button type="submit" class="loud">${word("save")}</button><button type="button" onClick=${() => openForm(null)}>${word("cancel")}</button></span></form>`;
}

const line = (name, label, required = true) =>
  html`<label>${word(label)}<input name=${name} required=${required} maxlength="500" /></label>`;
const choice = (name, label, values, text) =>
  html`<label>${word(label)}<select name=${name}>${values.map((one) => html`<option value=${one}>${text(one)}</option>`)}</select></label>`;

function Forms({ incident }) {
  const id = incident.id;
  const others = listCases().map((one) => one.incident).filter((row) => row.id !== id && row.status !== "closed");
  const types = store.district?.plans.map((plan) => plan.type) ?? [];
  return html`
    <${Form} name="close" work=${(form) => closeIncident(id, form.get("how"), form.get("text"), { checked: Number(form.get("checked")), arrested: Number(form.get("arrested")) })}
      fields=${html`${choice("how", "how", ENDS, word)}<label>${word("checked")}<input name="checked" type="number" min="0" max="999" value="0" /></label>
        <label>${word("arrested")}<input name="arrested" type="number" min="0" max="999" value="0" /></label>${line("text", "text", false)}`} />
    <${Form} name="note" work=${(form) => addNote(id, form.get("text"))} fields=${line("text", "text")} />
    <${Form} name="merge" work=${(form) => mergeInto(form.get("kept"), id, form.get("reason"))}
      fields=${html`${choice("kept", "merge", others.map((row) => row.id), (one) => `${one} · ${store.cases.get(one).incident.place_name}`)}${line("reason", "reason")}`} />
    <${Form} name="reopen" work=${(form) => act("reopen_incident", { incident: id, reason: form.get("reason") }, { text: word("done") })} fields=${line("reason", "reason")} />
    <${Form} name="refer" work=${(form) => act("refer_incident", { incident: id, department: form.get("department"), due_ms: Date.now() + store.skew + Number(form.get("due")) * 3_600_000 }, { text: word("done") })}
      fields=${html`${line("department", "department")}<label>${word("due")}<input name="due" type="number" min="1" max="720" value="24" required /></label>`} />
    <${Form} name="change" work=${(form) => act("change_incident", { incident: id, reason: form.get("reason"), type: form.get("type"), priority: Number(form.get("priority")) }, { text: word("done") })}
      fields=${html`${choice("type", "type", [incident.type, ...types.filter((one) => one !== incident.type)], term)}
        <label>${word("priority")}<input name="priority" type="number" min="1" max="5" value=${Math.max(1, incident.priority)} required /></label>${line("reason", "reason")}`} />
    <${Form} name="everyone" work=${(form) => callEverybody(form.get("text"), form.get("kind"), id)}
      fields=${html`${choice("kind", "type", ["search", "notice"], word)}${line("text", "text")}`} />`;
}

/** The buttons below the head of an incident. */
export function Acts({ incident }) {
  if (!session.me) return null;
  if (!may("command")) return html`<p class="passed">${word("lookOnly")}</p>`;
  const button = (name) => html`<button data-act=${name} aria-expanded=${String(panel.form === name)} onClick=${() => openForm(name)}>${word(name)}</button>`;
  const closed = incident.status === "closed";
  return html`<div class="acts" role="group">
    ${"confirmation" in incident.short && html`<button class="loud" data-act="confirm" onClick=${() => confirmIncident(incident.id)}>${word("confirm")} (Y)</button>`}
    ${closed ? button("reopen") : ["close", "merge", "change"].map(button)}
    ${["note", "refer", "everyone"].map(button)}</div><${Forms} incident=${incident} />`;
}

/** Beside an order that stands: recall it, or move it on as told by radio. */
export function OrderActs({ order }) {
  const ended = ["refused", "completed", "cancelled", "expired"].includes(order.status);
  if (ended || !may("command")) return null;
  const move = (event) => {
    const status = event.currentTarget.value;
    event.currentTarget.value = "";
    if (status) act("move_order", { order: order.id, status, reason: word("radio") }, { text: `${order.id}: ${term(status)}` });
  };
  return html`<span class="order-acts"><button data-recall=${order.id} onClick=${() => recall(order.id)}>${word("recall")}</button>
    <select aria-label=${`${word("radio")} ${order.id}`} onChange=${move}><option value="">${word("radio")}…</option>
      ${MOVES.map((one) => html`<option value=${one}>${term(one)}</option>`)}</select></span>`;
}

/** Beside a candidate who was not chosen: send him all the same, with a reason. */
export function SendAct({ incident, candidate }) {
  if (candidate.chosen || incident.status === "closed" || !may("command")) return null;
  const send = (event) => {
    const reason = event.currentTarget.value;
    event.currentTarget.value = "";
    if (reason) sendUnit(incident.id, candidate.responder, word(reason));
  };
  return html`<select class="send" data-send=${candidate.responder} aria-label=${`${word("send")} ${candidate.responder}`} onChange=${send}>
    <option value="">${word("send")}…</option>${REASONS.map((one) => html`<option value=${one}>${word(one)}</option>`)}</select>`;
}

export function Notes({ incident }) {
  if (!incident.notes?.length) return null;
  const strike = (number) => act("strike_note", { incident: incident.id, number, reason: word("operator") }, { text: word("done") });
  return html`<h4>${word("notes")}<span>${incident.notes.length}</span></h4><ul class="plain">${incident.notes.map((note) => html`<li key=${note.number} class=${note.struck_by ? "struck" : ""}>
    <b>${note.number}</b><span>${note.text} <small>${note.by}</small>${!note.struck_by && may("command") ? html` <button class="small" onClick=${() => strike(note.number)}>${word("strike")}</button>` : null}</span></li>`)}</ul>`;
}

/** What the desk advises of this incident; asked for every few seconds while somebody may decide. */
export function AdviceList({ incident }) {
  if (!may("command")) return null;
  if (performance.now() - advice.at > 2_000) {
    advice.at = performance.now();
    look("advice").then((rows) => { advice.rows = rows; changed("advice"); }).catch(() => null);
  }
  const mine = advice.rows.filter((one) => one.incident === incident.id || one.leaves === incident.id);
  if (!mine.length) return null;
  const settle = async (id, accept, reason) => {
    const done = await act("settle_advice", { advice: id, accept, ...(reason ? { reason } : {}) }, { text: word("done") });
    if (done) advice.rows = advice.rows.filter((one) => one.id !== id);
  };
  const dismiss = (id) => (event) => event.currentTarget.value && settle(id, false, word(event.currentTarget.value));
  return html`<h4>${word("advice")}<span>${mine.length}</span></h4><ul class="plain">${mine.map((one) => html`<li class="advice" key=${one.id} data-advice=${one.id}>
    <b>${one.responder}</b><span>${word(one.kind)} ${one.leaves ?? ""} → ${one.incident ?? one.place_name}${one.gain_s ? ` · ${word("gains")} ${Math.round(one.gain_s)} s` : ""}
    <button data-accept=${one.id} onClick=${() => settle(one.id, true)}>${word("accept")}</button>
    <select aria-label=${`${word("dismiss")} ${one.id}`} onChange=${dismiss(one.id)}><option value="">${word("dismiss")}…</option>${REASONS.map((why) => html`<option value=${why}>${word(why)}</option>`)}</select></span></li>`)}</ul>`;
}

export function Said() {
  const said = session.said;
  if (!said) return null;
  const undo = () => { session.said = null; said.undo(); changed("said"); };
  return html`<p class="said ${said.tone}">${said.text}${said.undo && html` <button id="undo" onClick=${undo}>${word("undo")}</button>`}</p>`;
}

export const confirmShown = () => {
  const one = selectedCase();
  if (!one || !may("command")) return;
  if ("confirmation" in one.incident.short) confirmIncident(one.incident.id);
  else tell(word("noCommand"), "bad");
};
