// The way to an order's place: a drawing of the line among its streets, and what to do at each crossing.

import { html, useEffect, useState } from "../vendor/preact-htm/htm-preact.mjs";
import { isChinese, metres, say, span } from "./words.js";

const AGAIN_MS = 20000;
const WIDE = 360;
const HIGH = 240;
const NAMES = 7;
const ARROWS = {
  depart: "↑", continue: "↑", keep_left: "↖", keep_right: "↗", slight_left: "↖", slight_right: "↗", left: "←",
  right: "→", sharp_left: "↙", sharp_right: "↘", u_turn: "↶", roundabout: "↻", arrive: "●",
};

async function ask(order) {
  try {
    const answer = await fetch(`/phone/way/${encodeURIComponent(order)}?language=${isChinese() ? "zh" : "en"}`, { cache: "no-store" });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null; // without a network the line that came with the order stands
  }
}

/** From lon and lat to the drawing: north up, the line within a margin, metres alike both ways. */
function projector(line) {
  const squeeze = Math.cos((line[0][1] * Math.PI) / 180);
  const [xs, ys] = [line.map(([lon]) => lon * squeeze), line.map(([, lat]) => -lat)];
  const [left, right, top, low] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const size = Math.max((right - left) / (WIDE - 50), (low - top) / (HIGH - 50), 1e-7);
  const [padX, padY] = [(WIDE - (right - left) / size) / 2, (HIGH - (low - top) / size) / 2];
  return ([lon, lat]) => [((lon * squeeze - left) / size + padX).toFixed(1), ((-lat - top) / size + padY).toFixed(1)];
}

const isInside = ([x, y]) => x > 30 && x < WIDE - 30 && y > 14 && y < HIGH - 8;

/** The longest piece of each named main street bears its name, where it is in sight. */
function listNames(streets, put) {
  const best = new Map();
  for (const { name, main, line } of streets) {
    if (!main || !name) continue;
    const [a, b] = [put(line[0]).map(Number), put(line[line.length - 1]).map(Number)];
    const at = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
    const length = Math.hypot(a[0] - b[0], a[1] - b[1]);
    if (isInside(at) && length > (best.get(name)?.length ?? 0)) best.set(name, { name, at, length });
  }
  const shown = [];
  for (const row of [...best.values()].sort((a, b) => b.length - a.length)) {
    if (shown.length < NAMES && shown.every(({ at }) => Math.abs(at[0] - row.at[0]) > 74 || Math.abs(at[1] - row.at[1]) > 15)) shown.push(row);
  }
  return shown;
}

function Sketch({ line, streets }) {
  const put = projector(line);
  const points = line.map(put);
  const [start, goal] = [points[0], points[points.length - 1]];
  const path = (main) => streets.filter((row) => row.main === main).map((row) => `M${row.line.map((at) => put(at).join(" ")).join("L")}`).join("");
  return html`<svg class="sketch" viewBox="0 0 ${WIDE} ${HIGH}" role="img" aria-label=${say("way")}>
    <path class="side" d=${path(false)}/><path class="main" d=${path(true)}/>
    <polyline points=${points.map((p) => p.join(",")).join(" ")}/>
    ${listNames(streets, put).map((row) => html`<text key=${row.name} x=${row.at[0]} y=${row.at[1] + 4}>${row.name}</text>`)}
    <circle class="start" cx=${start[0]} cy=${start[1]} r="7"/><circle class="goal" cx=${goal[0]} cy=${goal[1]} r="9"/>
    <text x="340" y="18" class="north">N↑</text></svg>`;
}

export function Way({ order }) {
  const [way, set] = useState(null);
  const language = isChinese();
  useEffect(() => {
    let gone = false;
    const look = () => ask(order.id).then((found) => { if (!gone && found) set(found); });
    set(null);
    look();
    const timer = setInterval(look, AGAIN_MS);
    return () => { gone = true; clearInterval(timer); };
  }, [order.id, language]);
  const line = way?.line ?? order.route;
  if (!line || line.length < 2) return html`<p class="blank">${say("noWay")}</p>`;
  const steps = way ? way.steps : order.streets.map((leg) => ({ move: "continue", text: leg.name || "—", length_m: leg.length_m }));
  return html`<section class="way"><h2>${say("way")} <small>${metres(way?.length_m ?? order.length_m)} · ${span(way?.seconds ?? order.eta_s)}</small></h2>
    <${Sketch} line=${line} streets=${way?.streets ?? []}/>
    <ol>${steps.map((step) => html`<li><i aria-hidden="true">${ARROWS[step.move] ?? "↑"}</i><span>${step.text}</span>
      <small>${step.move === "arrive" ? "" : metres(step.length_m)}</small></li>`)}</ol></section>`;
}
