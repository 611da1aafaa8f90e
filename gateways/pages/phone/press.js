// A button that acts only when held for a whole second, by finger, mouse or key; a ring fills meanwhile.

import { html, useEffect, useRef } from "../vendor/preact-htm/htm-preact.mjs";

export const HOLD_MS = 1000;
const ROUND = 2 * Math.PI * 47;

/** Handlers of a hold; `tick` gets the share that is done, 0 to 1. */
function useHold(act, tick) {
  const held = useRef(null);
  const latest = useRef(act);
  latest.current = act;
  const end = () => {
    if (held.current === null) return;
    clearTimeout(held.current.timer);
    cancelAnimationFrame(held.current.frame);
    held.current = null;
    tick(0);
  };
  const begin = () => {
    if (held.current !== null) return;
    const since = performance.now();
    const draw = () => {
      if (held.current === null) return;
      tick(Math.min(1, (performance.now() - since) / HOLD_MS));
      held.current.frame = requestAnimationFrame(draw);
    };
    held.current = { frame: 0, timer: setTimeout(() => { end(); latest.current(); }, HOLD_MS) };
    draw();
  };
  useEffect(() => {
    addEventListener("blur", end);
    return () => { removeEventListener("blur", end); end(); };
  }, []);
  const isKey = (event) => event.key === "Enter" || event.key === " ";
  return {
    onpointerdown: (event) => {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture?.(event.pointerId);
      begin();
    },
    onpointerup: end,
    onpointercancel: end,
    onlostpointercapture: end,
    oncontextmenu: (event) => event.preventDefault(),
    onkeydown: (event) => { if (isKey(event)) { event.preventDefault(); if (!event.repeat) begin(); } },
    onkeyup: (event) => { if (isKey(event)) end(); },
    onblur: end,
  };
}

export function Hold({ name, kind = "", act, label, children }) {
  const ring = useRef(null);
  const tick = (share) => {
    ring.current?.setAttribute("stroke-dashoffset", String(ROUND * (1 - share)));
    ring.current?.parentNode.classList.toggle("filling", share > 0);
  };
  const hold = useHold(act, tick);
  return html`<button type="button" class="hold ${kind}" data-hold=${name} aria-label=${label} ...${hold}>
    <svg class="ring" viewBox="0 0 100 100" aria-hidden="true">
      <circle class="track" cx="50" cy="50" r="47"/>
      <circle class="fill" ref=${ring} cx="50" cy="50" r="47" stroke-dasharray=${ROUND} stroke-dashoffset=${ROUND}/>
    </svg>
    <span class="face">${children}</span>
  </button>`;
}

/** A thing that looks like no button at all, and acts when held: nothing moves, nothing sounds. */
export function Still({ name, kind, act, label, children }) {
  const hold = useHold(act, () => {});
  return html`<div class=${kind} data-still=${name} tabindex="0" role="img" aria-label=${label} ...${hold}>${children}</div>`;
}
