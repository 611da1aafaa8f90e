// The parts of the report.

import { html } from "../vendor/preact-htm/htm-preact.mjs";
import { Heat, Hours, Range, Share } from "./chart.js";
import { findPlan, held, nameOf, zone } from "./data.js";
import { pick, percent, say, span, when } from "./words.js";

const POSTS = 40;
const OPEN = new Set(["issued", "delivered"]);
const typeName = (type) => pick(findPlan(type)) || say(type);

function Figure({ name, label, value, note, tone = "" }) {
  return html`<div class="figure ${tone}" data-figure=${name}><dt>${label}</dt><dd>${value}<small>${note ?? ""}</small></dd></div>`;
}

export function Figures({ report }) {
  const { orders, response } = report;
  const both = (spread) => html`${span(spread.p50_s)} <i>${span(spread.p90_s)}</i>`;
  const note = `${say("half")} / ${say("most")}`;
  return html`<dl id="figures">
    <${Figure} name="incidents" label=${say("incidents")} value=${report.incidents} note="${report.open} ${say("open")}"/>
    <${Figure} name="dispatch" label=${say("dispatch")} value=${both(response.all.dispatch)} note=${note}/>
    <${Figure} name="arrival" label=${say("arrival")} value=${both(response.all.arrival)} note=${note}/>
    <${Figure} name="answer" label=${say("answer")} value=${both(orders.answer)} note=${note}/>
    <${Figure} name="orders" label=${say("orders")} value=${orders.issued} note="${say("accepted")} ${orders.accepted} · ${say("refused")} ${orders.refused}"/>
    <${Figure} name="expired" label=${say("expired")} value=${orders.expired} note="${say("late")} ${orders.late}" tone=${orders.expired ? "hot" : ""}/></dl>`;
}

function ResponseTable({ title, head, rows, name }) {
  const most = (part) => Math.max(1, ...rows.map((row) => row[part].p90_s ?? 0));
  const [dispatch, arrival] = [most("dispatch"), most("arrival")];
  return html`<table><caption>${title}</caption><thead><tr><th scope="col">${head}</th><th scope="col" class="n">${say("count")}</th>
    <th scope="col">${say("dispatch")}</th><th scope="col">${say("arrival")}</th></tr></thead>
    <tbody>${rows.map((row) => html`<tr key=${row.key} data-row=${row.key}><th scope="row">${name(row)}</th><td class="n">${row.count}</td>
      <td><${Range} spread=${row.dispatch} most=${dispatch}/></td><td><${Range} spread=${row.arrival} most=${arrival}/></td></tr>`)}</tbody></table>`;
}

export function Response({ report }) {
  const { by_priority: priority, by_beat: beat, by_hour: hour } = report.response;
  const types = Object.entries(report.by_type).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  return html`<section id="response"><h2>${say("response")} <small>▮ ${say("half")} ● ${say("most")}</small></h2>
    ${report.incidents === 0 ? html`<p class="blank">${say("calm")}</p>` : html`
      <${ResponseTable} title=${say("byPriority")} head=${say("priority")} rows=${priority} name=${(row) => html`<span class="priority p${row.key}">${row.key}</span>`}/>
      <${ResponseTable} title=${say("byBeat")} head=${say("area")} rows=${beat} name=${(row) => row.name || say("outside")}/>
      <h3>${say("byHour")}</h3><${Hours} rows=${hour}/>
      <h3>${say("byType")}</h3><p class="types">${types.map(([type, n]) => html`<span><b>${n}</b> ${typeName(type)}</span>`)}</p>`}</section>`;
}

export function Where({ report, areas, incidents }) {
  return html`<section id="where"><h2>${say("heat")}</h2>
    <${Heat} areas=${areas.features} incidents=${incidents} rows=${report.response.by_beat} name=${typeName}/></section>`;
}

/** What stands on paper in place of the rows that are well. */
const Rest = ({ n }) => (n ? html`<p class="rest">${say("onlyOdd", { n })}</p>` : null);

export function Circles({ circles, coverage }) {
  const sorted = [...circles].sort((a, b) => Boolean(a.holds) - Boolean(b.holds) || (a.share ?? 2) - (b.share ?? 2) || (a.id < b.id ? -1 : 1));
  return html`<section id="circles"><h2>${say("coverage")} <small>${say("coverageLong")}</small></h2>
    <table><tbody>${coverage.within.map((row) => html`<tr key=${row.within_s} data-within=${row.within_s}><th scope="row">${say("within", { n: row.within_s / 60 })}</th>
      <td><${Share} part=${row.reached} whole=${coverage.posts} good=${row.within_s < 300 ? 0 : 0.9}/></td></tr>`)}</tbody></table>
    <p>${coverage.units} ${say("freeUnits")}${coverage.uncovered.length ? html` · <b class="warn">${say("uncovered")}:</b> ${coverage.uncovered.join("、")}` : null}</p>
    <h2>${say("circles")} <small>${circles.filter((row) => row.holds).length}/${circles.length} ${say("holds")}</small></h2>
    ${circles.length ? null : html`<p class="blank">${say("noCircles")}</p>`}
    <div class="tall"><table class="narrow"><tbody>${sorted.map((row) => html`<tr key=${row.id} data-circle=${row.id} class=${row.holds ? "fine" : ""}>
      <th scope="row">${row.name} <small>${say("minutes", { n: row.minutes })}</small></th>
      <td><span class="state ${row.holds === null ? "" : row.holds ? "good" : "bad"}">${row.holds === null ? `… ${say("unknown")}` : row.holds ? `✓ ${say("holds")}` : `✗ ${say("fails")}`}</span></td>
      <td>${say("kept")} ${percent(row.share)}</td></tr>`)}</tbody></table></div>
    <${Rest} n=${circles.filter((row) => row.holds).length}/></section>`;
}

export function Posts({ report }) {
  return html`<section id="posts"><h2>${say("posts")}</h2>${report.posts.length ? null : html`<p class="blank">${say("noPosts")}</p>`}
    ${report.posts.length ? html`<table><thead><tr><th scope="col">${say("post")}</th><th scope="col">${say("orders")} · ${say("answered")}</th><th scope="col">${say("mustered")}</th></tr></thead>
      <tbody>${report.posts.slice(0, POSTS).map((row) => html`<tr key=${row.id} data-post=${row.id}><th scope="row">${row.id} <small>${row.name}</small></th>
        <td><${Share} part=${row.answered} whole=${row.orders}/></td><td><${Share} part=${row.mustered} whole=${row.musters}/></td></tr>`)}</tbody></table>` : null}</section>`;
}

const gap = (ms) => span(Math.abs(ms) / 1000);

function List({ name, title, rows }) {
  return html`<div data-list=${name}><h3>${title} <b class=${rows.length ? "warn" : ""}>${rows.length}</b></h3><ul>${rows.slice(0, 30)}</ul></div>`;
}

export function Owed({ report, open, state, atMs }) {
  const orders = state.cases.flatMap((row) => row.orders).filter((row) => OPEN.has(row.status) && row.ack_by_ms < atMs);
  const waiting = open.filter((row) => row.status === "pending");
  const line = (row, text, ms, word) => html`<li><b>${row}</b> ${text} <i>${say(word, { t: gap(ms) })}</i></li>`;
  return html`<section id="owed"><h2>${say("owed")}</h2>
    <${List} name="unanswered" title=${say("unanswered")} rows=${orders.map((row) => line(row.responder, `${nameOf(row.responder)} · ${row.incident} ${typeName(row.type)}`, atMs - row.ack_by_ms, "overBy"))}/>
    <${List} name="waiting" title=${say("waiting")} rows=${waiting.map((row) => line(row.id, `${typeName(row.type)} · ${row.place_name}`, atMs - row.raised_ms, "waited"))}/>
    <${List} name="overdue" title=${say("overdue")} rows=${report.follow_ups.filter((row) => row.overdue).map((row) => line(row.incident, `${say(row.kind)} ${row.department ?? ""}`, atMs - row.due_ms, "overBy"))}/>
    </section>`;
}

export function OnStreet({ presence }) {
  const due = presence.units.filter((row) => row.due);
  const heard = due.filter((row) => row.heard);
  const isFine = (row) => !row.due || (row.heard && row.looks_heard >= row.looks_due * 0.9);
  return html`<section id="presence"><h2>${say("presence")} <small>${say("presenceLong")}</small></h2>
    <p><b>${heard.length}</b> / ${due.length} ${say("onDuty")} · ${say("proved")}${presence.roster ? null : html` · <small>${say("noRoster")}</small>`}</p>
    <div class="tall"><table><thead><tr><th scope="col">${say("unit")}</th><th scope="col">${say("shift")}</th><th scope="col">${say("status")}</th><th scope="col">${say("fix")}</th><th scope="col">${say("heardShare")}</th><th scope="col">${say("inBeat")}</th></tr></thead>
    <tbody>${presence.units.map((row) => html`<tr key=${row.id} data-unit=${row.id} class="${row.due && !row.heard ? "bad" : ""} ${isFine(row) ? "fine" : ""}"><th scope="row">${row.id} <small>${row.name}</small></th>
      <td>${row.shift || "—"}</td><td>${say(row.status)}</td>
      <td>${row.due ? (row.heard ? say("here") : `✗ ${say("missing")}`) : say("offDuty")} <small>${row.age_s == null ? "—" : span(row.age_s)}</small></td>
      <td><${Share} part=${row.looks_heard} whole=${row.looks_due}/></td>
      <td>${row.beat ? html`<${Share} part=${row.looks_in_beat} whole=${row.looks_heard} good=${0.5}/> <small>${row.beat}</small>` : "—"}</td></tr>`)}</tbody></table></div>
    <${Rest} n=${presence.units.filter(isFine).length}/></section>`;
}

export function Calls({ report }) {
  return html`<section id="calls"><h2>${say("calls")}</h2>${report.calls.length ? null : html`<p class="blank">${say("none")}</p>`}
    <table><tbody>${report.calls.slice(0, 20).map((row) => html`<tr key=${row.id}><th scope="row">${row.id} ${say(row.kind)}</th><td>${when(row.sent_ms, zone())}</td>
      <td><${Share} part=${row.read} whole=${row.asked}/></td><td>${row.standing ? say("standing") : ""}</td></tr>`)}</tbody></table></section>`;
}

export function Report() {
  const { data } = held;
  return html`<${Figures} ...${data}/><div id="sheet">
    <div><${Response} ...${data}/><${Posts} ...${data}/></div>
    <div><${Owed} ...${data}/><${Where} ...${data}/><${Circles} ...${data}/><${Calls} ...${data}/></div></div>
    <${OnStreet} ...${data}/>`;
}
