// The guard's page: one red button, what it came to, what the neighbours cry, and orders to this post.

import { html, render } from "../vendor/preact-htm/htm-preact.mjs";
import { now } from "./link.js";
import { Alarms, Banner, Clock, isAnswering, Language, Link, Notices, OrderScreen, stateOf, typeName, useSecond } from "./parts.js";
import { Hold, Still } from "./press.js";
import { begin, raise, store } from "./store.js";
import { install } from "./shell.js";
import { say } from "./words.js";

const FIRST = "panic";
const QUIET = "duress";
const LAST_MS = 300000;

const types = () => store.hello?.types ?? [];
const has = (type) => types().some((one) => one.type === type);
const first = () => (has(FIRST) ? FIRST : types()[0]?.type ?? FIRST);

/** Held for a second, the sign calls for help silently: nothing on this screen tells of it. */
function Sign() {
  const { sign, name, kind } = store.hello ?? {};
  const quiet = () => raise(has(QUIET) ? QUIET : first(), { silent: true });
  return html`<${Still} name="sign" kind="sign" act=${quiet} label="${say(kind ?? "post")} ${sign ?? ""} ${name ?? ""}">
    <b>${sign ?? "—"}</b><span>${name ?? ""}</span><//>`;
}

/** What became of the last press, where the eyes are. */
function Last() {
  useSecond();
  const one = store.alarms[0];
  if (!one || now() - one.t > LAST_MS) return html`<p id="last"></p>`;
  const state = stateOf(one);
  return html`<p id="last" class=${state}>${typeName(one.type)} · <b>${say(state)}</b> ${one.incident ?? ""}</p>`;
}

function Group() {
  const groups = store.hello?.groups ?? [];
  return html`<section id="groups">${groups.map((group) => html`<div key=${group.id}><h2>${say("group")} · ${group.name}
      <small>${say("channel")} ${group.channel}</small></h2>
    <p>${group.posts.map((post) => html`<span class="tag"><b>${post.sign}</b> ${post.name}</span>`)}</p></div>`)}</section>`;
}

function Page({ redraw }) {
  const named = types().filter((one) => !one.silent && !one.direct && one.type !== FIRST);
  const direct = types().filter((one) => one.direct);
  return html`
    <header id="head"><${Sign}/><${Clock} quiet=${true}/><span class="gap"></span><${Link}/><${Language} redraw=${redraw}/></header>
    <${Banner}/>
    <main id="post" class=${store.order ? "busy" : ""}>
      <h1 class="unseen">${say(store.hello?.kind ?? "post")} ${store.hello?.name ?? ""}</h1>
      <div id="press">
        <${Hold} name="alarm" kind="huge" act=${() => raise(first())}><b>${say("alarm")}</b> <small>${say("hold")}</small><//>
        <${Last}/>
      </div>
      <div id="kinds">
        ${direct.map((one) => html`<${Hold} key=${one.type} name=${one.type} kind="bar direct" act=${() => raise(one.type)}>
          <b>${say("direct")}</b> <small>${say("directLong")}</small><//>`)}
        ${named.length ? html`<h2>${say("callType")} · ${say("hold")}</h2>` : null}
        <div class="grid">${named.map((one) => html`<${Hold} key=${one.type} name=${one.type} kind="bar p${one.priority}" act=${() => raise(one.type)}
          label="${typeName(one.type)}, ${say("hold")}">${typeName(one.type)}<//>`)}</div>
      </div>
      <div id="side"><${OrderScreen}/><${Alarms}/><${Notices} title=${say("neighbours")} blank=${say("noNeighbours")}/><${Group}/></div>
    </main>
    ${isAnswering() ? html`<footer id="foot"><${Hold} name="alarm-too" kind="sos" act=${() => raise(first())}>
      <b>${say("alarm")}</b> <small>${say("hold")}</small><//></footer>` : null}`;
}

const root = document.getElementById("page");
const redraw = () => render(html`<${Page} redraw=${redraw}/>`, root);
redraw();
begin(redraw);
install();
