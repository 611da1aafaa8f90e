// The way to an order's place: a drawing of the line, and what to do at each crossing.

import { html, useEffect, useState } from "../vendor/preact-htm/htm-preact.mjs";
import { isChinese, metres, say, span } from "./words.js";

const AGAIN_MS = 20000;
const WIDE = 360;
const HIGH = 200;
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

/** The line, north up, as an SVG path within a margin; metres a unit alike in both directions. */
function draw(line) {
  const squeeze = Math.cos((line[0][1] * Math.PI) / 180);
  const points = line.map(([lon, lat]) => [lon * squeeze, -lat]);
  const [xs, ys] = [points.map((p) => p[0]), points.map((p) => p[1])];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const size = Math.max((Math.max(...xs) - left) / (WIDE - 40), (Math.max(...ys) - top) / (HIGH - 40), 1e-7);
  const [padX, padY] = [(WIDE - (Math.max(...xs) - left) / size) / 2, (HIGH - (Math.max(...ys) - top) / size) / 2];
  return points.map(([x, y]) => [((x - left) / size + padX).toFixed(1), ((y - top) / size + padY).toFixed(1)]);
}

function Sketch({ line }) {
  const points = draw(line);
  const [start, goal] = [points[0], points[points.length - 1]];
  return html`<svg class="sketch" viewBox="0 0 ${WIDE} ${HIGH}" role="img" aria-label=${say("way")}>
    <text x="340" y="18" class="north">N↑</text>
    <polyline points=${points.map((p) => p.join(",")).join(" ")}/>
    <circle class="start" cx=${start[0]} cy=${start[1]} r="7"/><circle class="goal" cx=${goal[0]} cy=${goal[1]} r="9"/></svg>`;
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
  const steps = way ? way.steps : order.streets.map((leg) => ({ move: "continue", text: leg.name, length_m: leg.length_m }));
  return html`<section class="way"><h2>${say("way")} <small>${metres(way?.length_m ?? order.length_m)} · ${span(way?.seconds ?? order.eta_s)}</small></h2>
    <${Sketch} line=${line}/>
    <ol>${steps.map((step) => html`<li><i aria-hidden="true">${ARROWS[step.move] ?? "↑"}</i><span>${step.text}</span>
      <small>${step.move === "arrive" ? "" : metres(step.length_m)}</small></li>`)}</ol></section>`;
}
