// All units on a WebGL2 canvas of our own over the map: flat arrays in, one draw call out.

import { store } from "./store.js";

const KINDS = ["car", "motorcycle", "foot", "plain_clothes"];
const COLORS = {
  available: [0.24, 0.81, 0.56], dispatched: [0.96, 0.84, 0.28], en_route: [0.29, 0.64, 1.0],
  on_scene: [0.75, 0.52, 0.99], busy: [1.0, 0.6, 0.3], out_of_service: [0.55, 0.6, 0.66], off_duty: [0.4, 0.44, 0.49],
};
const NEVER = 65535;
const GLIDE_MS = 500;
const FLOATS = 8; // x, y in CSS pixels, heading in radians or -1, kind, r, g, b, stale

const VERTEX = `#version 300 es
layout(location=0) in vec4 spot; layout(location=1) in vec4 look;
uniform vec2 size; uniform float scale; out vec4 tint; flat out float heading; flat out float kind;
void main() {
  vec2 clip = spot.xy / size * 2.0 - 1.0;
  gl_Position = vec4(clip.x, -clip.y, 0.0, 1.0);
  gl_PointSize = scale; tint = look; heading = spot.z; kind = spot.w;
}`;
const FRAGMENT = `#version 300 es
precision highp float; in vec4 tint; flat in float heading; flat in float kind; out vec4 color;
float box(vec2 p, vec2 b) { vec2 d = abs(p) - b; return length(max(d, 0.0)) + min(max(d.x, d.y), 0.0); }
float wedge(vec2 p, float w) { // an arrow head with a notch, pointing up
  p.x = abs(p.x); vec2 n = normalize(vec2(1.25, w));
  float side = dot(p - vec2(0.0, -0.72), vec2(n.x, -n.y));
  float tail = p.y - 0.55 + (w - p.x) * 0.45; return max(side, tail);
}
void main() {
  vec2 p = (gl_PointCoord - 0.5) * 2.0; float a = heading < 0.0 ? 0.0 : heading;
  vec2 q = mat2(cos(a), -sin(a), sin(a), cos(a)) * p; float d;
  if (kind < 0.5) d = heading < 0.0 ? box(p, vec2(0.42)) - 0.08 : wedge(q, 0.62);
  else if (kind < 1.5) d = heading < 0.0 ? box(p, vec2(0.26, 0.5)) - 0.06 : wedge(q, 0.36);
  else if (kind < 2.5) d = length(p) - 0.46;
  else d = (abs(p.x) + abs(p.y)) * 0.7071 - 0.42;
  float soft = fwidth(d);
  float body = 1.0 - smoothstep(-soft, soft, d);
  float rim = 1.0 - smoothstep(-soft, soft, d - 0.13);
  float hollow = tint.a > 0.5 ? 1.0 - smoothstep(-soft, soft, d + 0.16) : 0.0;
  vec3 fill = mix(tint.rgb, vec3(0.05, 0.07, 0.09), hollow);
  float alpha = max(body, rim * 0.85); if (alpha < 0.02) discard;
  color = vec4(mix(vec3(0.03, 0.05, 0.07), fill, body) * alpha, alpha);
}`;

function compile(gl, kind, source) {
  const shader = gl.createShader(kind);
  gl.shaderSource(shader, source);
  gl.compileShader(shader);
  if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader));
  return shader;
}

const mercatorX = (lon) => (lon + 180) / 360;
const mercatorY = (lat) => 0.5 - Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360)) / (2 * Math.PI);

export class UnitLayer {
  constructor(map, canvas) {
    this.map = map;
    this.canvas = canvas;
    this.gl = canvas.getContext("webgl2", { premultipliedAlpha: true, antialias: false });
    this.count = 0;
    this.takenAt = 0;
    this.asked = false;
    this.begin();
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => this.begin());
    map.on("move", () => this.repaint());
    map.on("resize", () => this.repaint());
  }

  begin() {
    const gl = this.gl;
    const program = gl.createProgram();
    gl.attachShader(program, compile(gl, gl.VERTEX_SHADER, VERTEX));
    gl.attachShader(program, compile(gl, gl.FRAGMENT_SHADER, FRAGMENT));
    gl.linkProgram(program);
    gl.useProgram(program);
    this.size = gl.getUniformLocation(program, "size");
    this.scale = gl.getUniformLocation(program, "scale");
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    for (const at of [0, 1]) {
      gl.enableVertexAttribArray(at);
      gl.vertexAttribPointer(at, 4, gl.FLOAT, false, FLOATS * 4, at * 16);
    }
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.repaint();
  }

  grow(count) {
    if (count === this.count) return;
    this.count = count;
    for (const name of ["fromX", "fromY", "toX", "toY"]) this[name] = new Float64Array(count);
    this.look = new Float32Array(count * FLOATS);
    this.seen = new Uint8Array(count);
  }

  // Latest columns: each unit glides from where it is drawn to where it is.
  take() {
    const { columns, district } = store;
    if (!columns || !district) return;
    this.grow(columns.count);
    const share = this.progress();
    const limits = KINDS.map((kind) => (district.stale_after_s[kind] ?? 60) * 10);
    for (let i = 0; i < columns.count; i++) {
      const unit = district.units[i];
      const known = columns.age[i] !== NEVER && unit;
      const x = mercatorX(columns.lon[i] / 1e7);
      const y = mercatorY(columns.lat[i] / 1e7);
      const was = this.seen[i];
      this.fromX[i] = was ? this.fromX[i] + (this.toX[i] - this.fromX[i]) * share : x;
      this.fromY[i] = was ? this.fromY[i] + (this.toY[i] - this.fromY[i]) * share : y;
      this.toX[i] = x;
      this.toY[i] = y;
      this.seen[i] = known ? 1 : 0;
      const at = i * FLOATS;
      const kind = Math.max(0, KINDS.indexOf(unit?.kind));
      this.look[at + 2] = columns.heading[i] === 255 ? -1 : (columns.heading[i] * 1.44 * Math.PI) / 180;
      this.look[at + 3] = kind;
      this.look.set(COLORS[district.statuses[columns.status[i]]] ?? COLORS.busy, at + 4);
      this.look[at + 7] = columns.age[i] > limits[kind] ? 1 : 0;
    }
    this.takenAt = performance.now();
    this.repaint();
  }

  progress() {
    return Math.min(1, (performance.now() - this.takenAt) / GLIDE_MS);
  }

  repaint() {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      this.paint();
    });
  }

  paint() {
    const { gl, canvas, map } = this;
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    const [width, height] = [map.getContainer().clientWidth, map.getContainer().clientHeight];
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    if (!this.count) return;
    const world = 512 * 2 ** map.getZoom();
    const centre = map.getCenter();
    const [cx, cy] = [mercatorX(centre.lng), mercatorY(centre.lat)];
    const share = this.progress();
    for (let i = 0; i < this.count; i++) {
      const at = i * FLOATS;
      const x = this.fromX[i] + (this.toX[i] - this.fromX[i]) * share;
      const y = this.fromY[i] + (this.toY[i] - this.fromY[i]) * share;
      this.look[at] = this.seen[i] ? (x - cx) * world + width / 2 : -1000;
      this.look[at + 1] = (y - cy) * world + height / 2;
    }
    const size = Math.max(12, Math.min(28, 7 + (map.getZoom() - 9) * 3));
    gl.uniform2f(this.size, width, height);
    gl.uniform1f(this.scale, size * ratio);
    gl.bufferData(gl.ARRAY_BUFFER, this.look, gl.DYNAMIC_DRAW);
    gl.drawArrays(gl.POINTS, 0, this.count);
    if (share < 1) setTimeout(() => this.repaint(), 33);
  }
}
