// Small charts as SVG: a range, a share, columns by hour, a map of areas. Figures stand beside them as text.

import { html } from "../vendor/preact-htm/htm-preact.mjs";
import { say, span } from "./words.js";

const SHADES = 6;
const MAP_WIDE = 520;
const MAP_HIGH = 400;

/** The half and the nine tenths of a spread on a common scale. */
export function Range({ spread, most }) {
  if (!spread || spread.p50_s == null) return html`<span class="blank">—</span>`;
  const at = (s) => Math.min(196, 2 + (s / (most || 1)) * 190);
  return html`<span class="range"><svg viewBox="0 0 200 16" aria-hidden="true">
      <line class="axis" x1="2" x2="198" y1="8" y2="8"/>
      <line class="reach" x1="2" x2=${at(spread.p90_s)} y1="8" y2="8"/>
      <rect class="half" x=${at(spread.p50_s) - 3} y="1" width="6" height="14" rx="2"/><circle class="most" cx=${at(spread.p90_s)} cy="8" r="5"/>
    </svg><b>${span(spread.p50_s)}</b> <i>${span(spread.p90_s)}</i></span>`;
}

export function Share({ part, whole, good = 0.9 }) {
  if (!whole) return html`<span class="blank">—</span>`;
  const share = part / whole;
  return html`<span class="share ${share < good ? "low" : ""}"><svg viewBox="0 0 100 12" aria-hidden="true">
    <rect class="axis" width="100" height="12" rx="3"/><rect class="fill" width=${Math.max(1, share * 100)} height="12" rx="3"/></svg>
    <b>${Math.round(share * 100)} %</b> <i>${part}/${whole}</i></span>`;
}

/** Incidents by hour as columns, the nine tenths of arrival as a line above them. */
export function Hours({ rows }) {
  const of = new Map(rows.map((row) => [Number(row.key), row]));
  const most = Math.max(1, ...rows.map((row) => row.count));
  const slowest = Math.max(1, ...rows.map((row) => row.arrival.p90_s ?? 0));
  const x = (hour) => 30 + hour * 20;
  const line = [...of].filter(([, row]) => row.arrival.p90_s != null).sort((a, b) => a[0] - b[0])
    .map(([hour, row]) => `${x(hour) + 8},${(150 - (row.arrival.p90_s / slowest) * 130).toFixed(1)}`);
  return html`<svg class="hours" viewBox="0 0 560 190" role="img" aria-label=${say("byHour")}>
    <line class="axis" x1="26" x2="514" y1="150" y2="150"/>
    <text x="24" y="24" class="end">${most}</text><text x="518" y="24">${span(slowest)}</text>
    ${Array.from({ length: 24 }, (_, hour) => {
      const row = of.get(hour);
      const high = row ? (row.count / most) * 130 : 0;
      return html`<g key=${hour}>${row ? html`<rect class="column" x=${x(hour)} y=${150 - high} width="16" height=${high} rx="2">
        <title>${row.name} · ${row.count} · ${span(row.arrival.p90_s)}</title></rect>` : null}
        ${hour % 3 === 0 ? html`<text x=${x(hour) + 8} y="168" class="mid">${String(hour).padStart(2, "0")}</text>` : null}</g>`;
    })}
    ${line.length > 1 ? html`<polyline class="trace" points=${line.join(" ")}/>` : null}
    ${line.map((point) => html`<circle class="trace" cx=${point.split(",")[0]} cy=${point.split(",")[1]} r="3.5"/>`)}
    <text x="30" y="186">▮ ${say("count")}</text><text x="110" y="186" class="tracing">● ${say("arrival")} ${say("most")}</text></svg>`;
}

function project(areas, incidents) {
  const rings = areas.flatMap((area) => area.geometry.coordinates[0]);
  const all = rings.length ? rings : incidents.map((row) => [row.place.lon, row.place.lat]);
  if (!all.length) return null;
  const squeeze = Math.cos((all[0][1] * Math.PI) / 180);
  const xs = all.map(([lon]) => lon * squeeze);
  const ys = all.map(([, lat]) => -lat);
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const size = Math.max((Math.max(...xs) - left) / (MAP_WIDE - 20), (Math.max(...ys) - top) / (MAP_HIGH - 20), 1e-9);
  return ([lon, lat]) => [((lon * squeeze - left) / size + 10).toFixed(1), ((-lat - top) / size + 10).toFixed(1)];
}

/** The lowest areas, shaded by how many incidents lie in them, and the incidents as dots. */
export function Heat({ areas, incidents, rows, name }) {
  const parents = new Set(areas.map((area) => area.properties.parent));
  const leaves = areas.filter((area) => !parents.has(area.properties.id));
  const put = project(leaves, incidents);
  if (put === null) return html`<p class="blank">${say("none")}</p>`;
  const count = new Map(rows.map((row) => [row.key, row.count]));
  const most = Math.max(1, ...leaves.map((area) => count.get(area.properties.id) ?? 0));
  const shade = (n) => Math.ceil((n / most) * (SHADES - 1));
  return html`<figure><svg class="heat" viewBox="0 0 ${MAP_WIDE} ${MAP_HIGH}" role="img" aria-label=${say("heat")}>
      ${leaves.map((area) => {
        const n = count.get(area.properties.id) ?? 0;
        const ring = area.geometry.coordinates[0].map(put);
        return html`<polygon key=${area.properties.id} class="s${shade(n)}" data-area=${area.properties.id} points=${ring.map((p) => p.join(",")).join(" ")}>
          <title>${area.properties.name} · ${n}</title></polygon>`;
      })}
      ${incidents.map((row) => { const [x, y] = put([row.place.lon, row.place.lat]); return html`<circle key=${row.id} cx=${x} cy=${y} r="4"><title>${row.id} ${name(row.type)} ${row.place_name}</title></circle>`; })}
    </svg><figcaption>${say("fewer")} ${Array.from({ length: SHADES }, (_, n) => html`<i class="key s${n}"></i>`)} ${say("more")} · ${say("dots")}</figcaption></figure>`;
}
