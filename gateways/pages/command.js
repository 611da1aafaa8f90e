// The command line of an operator, with completion; and the help that names keys and commands.

import { html } from "./vendor/preact-htm/htm-preact.mjs";
import { addNote, callEverybody, closeIncident, confirmIncident, ENDS, mergeInto, recall, sendUnit, setStatus } from "./acts.js";
import { act, look, refusal, tell } from "./session.js";
import { changed, listCases, select, store } from "./store.js";
import { COMMANDS, KEYS, word } from "./words_acts.js";
import { isChinese, term } from "./words.js";

const STATUSES = ["available", "busy", "out_of_service", "off_duty"];
const MOST = 8;
export const bar = { open: false, help: false, text: "", at: 0, found: [] };

const first = (words, test) => words.find((one) => test(one));
const isIncident = (one) => store.cases.has(one.toUpperCase());
const isOrder = (one) => /^i\d+-\d+$/i.test(one);
const here = (words) => first(words, isIncident)?.toUpperCase() ?? store.selected;

const VERBS = {
  send: (words) => needs(here(words.slice(1)), (incident) => sendUnit(incident, name(words[0]), word("operator"))),
  recall: (words) => recall(words[0].toUpperCase(), words.slice(1).join(" ")),
  confirm: (words) => needs(here(words), confirmIncident),
  close: (words) => needs(store.selected, (incident) => closeIncident(incident, ENDS.includes(words[0]) ? words[0] : "handled", words.slice(ENDS.includes(words[0]) ? 1 : 0).join(" "))),
  reopen: (words) => needs(store.selected, (incident) => act("reopen_incident", { incident, reason: words.join(" ") || word("operator") }, { text: word("done") })),
  note: (words) => needs(store.selected, (incident) => addNote(incident, words.join(" "))),
  merge: (words) => needs(store.selected, (incident) => mergeInto(incident, words[0].toUpperCase(), words.slice(1).join(" "))),
  status: (words) => setStatus(name(words[0]), words[1], words.slice(2).join(" ")),
  call: (words) => callEverybody(words.join(" "), "search", null),
  show: (words) => select(words[0].toUpperCase()),
  find: (words) => look(`find?q=${encodeURIComponent(words.join(" "))}&most=1`).then(({ found }) => {
    if (found.length) document.dispatchEvent(new CustomEvent("place", { detail: found[0] }));
    else tell(word("nobody"), "bad");
  }).catch((error) => tell(refusal(error), "bad")),
};

const name = (text) => [...store.names.keys()].find((id) => id.toLowerCase() === text?.toLowerCase()) ?? text;

function needs(incident, work) {
  if (incident) return work(incident);
  tell(word("noIncident"), "bad");
  return null;
}

export function openBar(text = "") {
  Object.assign(bar, { open: true, text, at: 0, found: suggest(text) });
  changed("bar");
  requestAnimationFrame(() => document.getElementById("command")?.focus());
}

export function closeBar() {
  Object.assign(bar, { open: false, help: false });
  changed("bar");
}

function suggest(text) {
  const words = text.split(" ");
  const last = words[words.length - 1].toLowerCase();
  if (words.length === 1) return Object.keys(VERBS).filter((verb) => verb.startsWith(last)).slice(0, MOST);
  const ids = [...store.names.keys(), ...listCases().map((one) => one.incident.id)];
  const orders = listCases().flatMap((one) => one.orders.map((order) => order.id));
  const pool = { recall: orders, status: words.length === 3 ? STATUSES : ids, close: words.length === 2 ? ENDS : [], note: [], call: [], find: [] }[words[0]] ?? ids;
  const label = (id) => store.names.get(id) ?? "";
  return pool.filter((id) => last && (id.toLowerCase().startsWith(last) || label(id).includes(words[words.length - 1]))).slice(0, MOST);
}

function complete(one) {
  const words = bar.text.split(" ");
  words[words.length - 1] = one;
  bar.text = `${words.join(" ")} `;
  bar.found = suggest(bar.text);
  bar.at = 0;
  changed("bar");
  document.getElementById("command")?.focus();
}

function run() {
  const [verb, ...words] = bar.text.trim().split(/\s+/);
  const work = VERBS[verb?.toLowerCase()];
  closeBar();
  if (!work) tell(`${word("noCommand")}: ${verb ?? ""}`, "bad");
  else if (!words.length && !["confirm", "reopen", "close"].includes(verb)) tell(COMMANDS.find(([form]) => form.startsWith(verb))?.[0] ?? verb, "bad");
  else work(words);
}

function onKey(event) {
  event.stopPropagation();
  if (event.key === "Escape") closeBar();
  else if (event.key === "Enter") run();
  else if (event.key === "Tab" && bar.found.length) complete(bar.found[bar.at]);
  else if (event.key === "ArrowDown") bar.at = Math.min(bar.found.length - 1, bar.at + 1);
  else if (event.key === "ArrowUp") bar.at = Math.max(0, bar.at - 1);
  else return;
  event.preventDefault();
  changed("bar");
}

function onInput(event) {
  bar.text = event.currentTarget.value;
  bar.found = suggest(bar.text);
  bar.at = 0;
  changed("bar");
}

export function Bar() {
  if (!bar.open) return null;
  return html`<div id="bar" role="dialog" aria-label=${word("command")}>
    <input id="command" aria-label=${word("command")} autocomplete="off" spellcheck="false" value=${bar.text} onInput=${onInput} onKeyDown=${onKey} />
    <ul role="listbox">${bar.found.map((one, at) => html`<li role="option" key=${one} aria-selected=${String(at === bar.at)} onClick=${() => complete(one)}>
      <b>${one}</b> <small>${store.names.get(one) ?? COMMANDS.find(([form]) => form.split(" ")[0] === one)?.[isChinese() ? 1 : 2] ?? term(one)}</small></li>`)}</ul></div>`;
}

export function Help() {
  if (!bar.help) return null;
  const pick = (row) => (isChinese() ? row[1] : row[2]);
  return html`<div id="help" role="dialog" aria-label=${word("help")}><h2>${word("help")}</h2>
    <table>${KEYS.map((row) => html`<tr><th>${row[0]}</th><td>${pick(row)}</td></tr>`)}</table>
    <table>${COMMANDS.map((row) => html`<tr><th>/ ${row[0]}</th><td>${pick(row)}</td></tr>`)}</table></div>`;
}
