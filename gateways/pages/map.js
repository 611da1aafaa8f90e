// The ground: streets of our own road graph, posts, gates, areas, incidents and lines of orders.

import * as maplibre from "./vendor/maplibre-gl/maplibre-gl.mjs";
import { makeIcons } from "./icons.js";
import { engineNow, findPlan, listCases, onChange, select, selectedCase, store } from "./store.js";
import { UnitLayer } from "./units.js";
import { etaText, isChinese, pick } from "./words.js";

const NOTHING = { type: "FeatureCollection", features: [] };
const FONT = ["sans"];
const ENDED = new Set(["refused", "completed", "cancelled", "expired"]);
const LOUD_MS = 90_000;

const wide = (a, b, c) => ["interpolate", ["exponential", 1.5], ["zoom"], 11, a, 14, b, 18, c];
const isClass = (...classes) => ["match", ["get", "class"], classes, true, false];
const GREAT = ["motorway", "motorway_link", "trunk", "trunk_link"];
const MAIN = ["primary", "primary_link", "secondary", "secondary_link"];
const MID = ["tertiary", "tertiary_link"];

const street = (id, filter, color, width, minzoom = 0) => ({
  id, type: "line", source: "streets", filter, minzoom,
  layout: { "line-cap": "round", "line-join": "round" },
  paint: { "line-color": color, "line-width": width },
});
const name = (id, filter, size, minzoom, color) => ({
  id, type: "symbol", source: "streets", minzoom,
  filter: ["all", filter, ["!=", ["get", "name"], ""]],
  layout: {
    "symbol-placement": "line", "text-field": ["get", "name"], "text-font": FONT, "text-size": size,
    "symbol-spacing": 300, "text-max-angle": 35, "text-padding": 6,
  },
  paint: { "text-color": color, "text-halo-color": "#0c1117", "text-halo-width": 1.4 },
});
const spot = (id, what, icon, size, minzoom) => ({
  id, type: "symbol", source: "places", minzoom, filter: ["==", ["get", "is"], what],
  layout: { "icon-image": icon, "icon-size": size, "icon-allow-overlap": true, "icon-ignore-placement": true },
});

const LAYERS = [
  { id: "ground", type: "background", paint: { "background-color": "#0c1117" } },
  { id: "areas", type: "line", source: "places", filter: ["==", ["get", "is"], "area"],
    paint: { "line-color": ["match", ["get", "level"], "beat", "#1f3446", "#2f4d66"],
      "line-width": ["match", ["get", "level"], "beat", 0.8, 1.4], "line-dasharray": [4, 3] } },
  street("small", ["!", isClass(...GREAT, ...MAIN, ...MID)], "#1f2833", wide(0.3, 1.2, 7), 12),
  street("mid", isClass(...MID), "#2a3643", wide(0.6, 2.2, 10)),
  street("main", isClass(...MAIN), "#3a4a5c", wide(1, 3.4, 14)),
  street("great", isClass(...GREAT), "#5a5138", wide(1.4, 4.6, 18)),
  { id: "ways-edge", type: "line", source: "ways", layout: { "line-cap": "round", "line-join": "round" },
    paint: { "line-color": "#05080b", "line-width": ["case", ["get", "chosen"], 8, 5], "line-opacity": 0.8 } },
  { id: "ways", type: "line", source: "ways", layout: { "line-cap": "round", "line-join": "round" },
    paint: { "line-color": ["get", "color"], "line-width": ["case", ["get", "chosen"], 4.4, 2.2],
      "line-opacity": ["case", ["get", "chosen"], 1, 0.55] } },
  name("name-mid", isClass(...MID), 11.5, 13.3, "#778797"),
  name("name-small", ["!", isClass(...GREAT, ...MAIN, ...MID)], 10.5, 15.5, "#5e6b78"),
  name("name-main", isClass(...MAIN, ...GREAT), ["interpolate", ["linear"], ["zoom"], 11, 10.5, 14, 13], 11, "#8fa0b2"),
  spot("gates", "gate", "gate", ["interpolate", ["linear"], ["zoom"], 11, 0.45, 15, 0.9], 10),
  spot("posts", "post", "post", ["interpolate", ["linear"], ["zoom"], 11, 0.26, 14, 0.5, 16, 0.85], 11),
  { id: "post-names", type: "symbol", source: "places", minzoom: 15.2, filter: ["==", ["get", "is"], "post"],
    layout: { "text-field": ["concat", ["get", "id"], " ", ["get", "name"]], "text-font": FONT, "text-size": 11,
      "text-offset": [0, 1.1], "text-anchor": "top", "text-optional": true, "text-max-width": 9 },
    paint: { "text-color": "#7fb5ad", "text-halo-color": "#0c1117", "text-halo-width": 1.4 } },
  { id: "pulse", type: "circle", source: "incidents", filter: ["any", ["get", "loud"], ["get", "chosen"]],
    paint: { "circle-radius": ["case", ["get", "chosen"], 25, 19], "circle-color": ["get", "color"], "circle-opacity": 0.14,
      "circle-stroke-color": ["get", "color"], "circle-stroke-width": ["case", ["get", "chosen"], 2, 1], "circle-stroke-opacity": 0.8 } },
  { id: "tags", type: "symbol", source: "tags",
    layout: { "text-field": ["get", "label"], "text-font": FONT, "text-size": 12.5, "text-padding": 0,
      "text-variable-anchor": ["left", "right", "bottom", "top"], "text-radial-offset": 1.1, "text-justify": "auto" },
    paint: { "text-color": ["get", "color"], "text-halo-color": "#0c1117", "text-halo-width": 2 } },
  { id: "incidents", type: "symbol", source: "incidents",
    layout: { "icon-image": ["concat", "incident-", ["to-string", ["get", "priority"]]], "icon-size": 0.5,
      "icon-allow-overlap": true, "symbol-sort-key": ["-", 10, ["get", "priority"]], "text-field": ["get", "label"], "text-font": FONT,
      "text-size": 12.5, "text-anchor": "left", "text-offset": [1.35, 0], "text-optional": true },
    paint: { "text-color": "#ffffff", "text-halo-color": "#0c1117", "text-halo-width": 2 } },
];

export const PRIORITY = ["#ff5a52", "#ff5a52", "#ff9d3b", "#f5d547", "#7db1ff", "#9aa7b4"];
const WAY = { issued: "#f5d547", delivered: "#f5d547", accepted: "#4aa3ff", en_route: "#4aa3ff", on_scene: "#c084fc" };

function drawIncidents() {
  return listCases()
    .filter(({ incident }) => incident.status !== "closed")
    .map(({ incident }) => ({
      type: "Feature",
      properties: {
        id: incident.id, priority: incident.priority, color: PRIORITY[incident.priority] ?? PRIORITY[5],
        label: `${incident.id} ${pick(findPlan(incident.type)) || incident.type}`,
        chosen: incident.id === store.selected, loud: engineNow() - incident.raised_ms < LOUD_MS,
      },
      geometry: { type: "Point", coordinates: [incident.place.lon, incident.place.lat] },
    }));
}

function drawWays() {
  const ways = [];
  for (const { incident, orders } of listCases()) {
    if (incident.status === "closed") continue;
    for (const order of orders) {
      if (ENDED.has(order.status) || order.status === "on_scene" || order.line.length < 2) continue;
      ways.push({
        type: "Feature",
        properties: { color: WAY[order.status] ?? "#888888", chosen: incident.id === store.selected },
        geometry: { type: "LineString", coordinates: order.line },
      });
    }
  }
  return ways;
}

// Who goes to the selected incident, named beside its sign as it moves.
function drawTags() {
  const { columns, district } = store;
  const tags = [];
  for (const order of selectedCase()?.orders ?? []) {
    if (ENDED.has(order.status)) continue;
    const row = district.units.findIndex((unit) => unit?.id === order.responder);
    const located = columns && row >= 0 && columns.lon[row] !== 0;
    const at = located ? [columns.lon[row] / 1e7, columns.lat[row] / 1e7] : order.line[0];
    if (!at) continue;
    tags.push({
      type: "Feature", geometry: { type: "Point", coordinates: at },
      properties: { label: `${order.responder}  ${etaText(order.eta_s)}`, color: WAY[order.status] ?? "#e6edf3" },
    });
  }
  return tags;
}

function boundsOf(places) {
  const points = places.features.filter((one) => one.properties.is !== "area").map((one) => one.geometry.coordinates);
  if (points.length < 2) return store.bounds ? [[store.bounds[0], store.bounds[1]], [store.bounds[2], store.bounds[3]]] : null;
  const lons = points.map(([lon]) => lon);
  const lats = points.map(([, lat]) => lat);
  return [[Math.min(...lons), Math.min(...lats)], [Math.max(...lons), Math.max(...lats)]];
}

async function fetchPlaces() {
  const answer = await fetch("/api/district.geojson");
  return answer.ok ? answer.json() : NOTHING;
}

export class Ground {
  constructor(element, canvas) {
    this.map = new maplibre.Map({
      container: element, attributionControl: false, dragRotate: false, pitchWithRotate: false,
      touchPitch: false, maxPitch: 0, fadeDuration: 0, minZoom: 9, maxZoom: 19, center: [121.48, 31.23], zoom: 12,
      renderWorldCopies: false,
      localIdeographFontFamily: "'Noto Sans CJK SC','Microsoft YaHei','PingFang SC','WenQuanYi Zen Hei',sans-serif",
      style: {
        version: 8, layers: LAYERS,
        sources: {
          streets: { type: "geojson", data: "/map/roads.geojson", tolerance: 0.3 },
          places: { type: "geojson", data: NOTHING }, ways: { type: "geojson", data: NOTHING },
          incidents: { type: "geojson", data: NOTHING }, tags: { type: "geojson", data: NOTHING },
        },
      },
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disable();
    this.map.addControl(new maplibre.NavigationControl({ showCompass: false }), "top-right");
    this.map.addControl(new maplibre.ScaleControl({ maxWidth: 90 }), "bottom-left");
    for (const [id, image] of makeIcons()) this.map.addImage(id, image, { pixelRatio: 2 });
    this.units = new UnitLayer(this.map, canvas);
    this.places = NOTHING;
    this.ready = false;
    this.map.on("load", () => this.begin());
    this.map.on("idle", () => { document.documentElement.dataset.map = "idle"; });
    this.map.on("click", "incidents", (event) => select(event.features[0].properties.id));
    onChange((what) => this.change(what));
  }

  async begin() {
    this.places = await fetchPlaces();
    this.map.getSource("places").setData(this.places);
    this.ready = true;
    this.fit(false);
    this.draw();
  }

  change(what) {
    if (what === "columns") {
      this.units.take();
      if (this.ready) this.drawTags();
    } else if (this.ready && what !== "link") {
      if (what === "state") this.refresh();
      this.draw();
    }
  }

  async refresh() {
    this.places = await fetchPlaces();
    this.map.getSource("places").setData(this.places);
  }

  draw() {
    this.map.getSource("incidents").setData({ type: "FeatureCollection", features: drawIncidents() });
    this.map.getSource("ways").setData({ type: "FeatureCollection", features: drawWays() });
    this.drawTags();
    this.units.repaint();
  }

  drawTags() {
    const features = drawTags();
    if (!features.length && !this.tagged) return;
    this.tagged = features.length;
    this.map.getSource("tags").setData({ type: "FeatureCollection", features });
  }

  fit(animate = true) {
    const bounds = boundsOf(this.places);
    if (bounds) this.map.fitBounds(bounds, { padding: 36, animate, maxZoom: 16 });
  }

  goTo(place) {
    this.map.easeTo({ center: [place.lon, place.lat], zoom: 16, duration: 500 });
  }

  showCase() {
    const one = selectedCase();
    if (!one) return;
    const box = new maplibre.LngLatBounds();
    box.extend([one.incident.place.lon, one.incident.place.lat]);
    for (const order of one.orders) if (!ENDED.has(order.status)) order.line.forEach((point) => box.extend(point));
    this.map.fitBounds(box, { padding: 110, maxZoom: 16, duration: 500 });
  }

  language() {
    document.documentElement.lang = isChinese() ? "zh-CN" : "en";
    if (this.ready) this.draw();
  }
}
