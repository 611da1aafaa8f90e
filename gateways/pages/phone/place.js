// Where the officer is: the phone's own fixes, thinned out, told to the engine as WGS-84.

import { mention, now } from "./link.js";

const MOVING_MS = 3000;
const STILL_MS = 10000;
const NEAR_M = 8;
const OLD_MS = 60000;
const EARTH_M = 6371008.8;
let last = null;
let sent = null;

function apart(a, b) {
  const radians = Math.PI / 180;
  const x = (b.lon - a.lon) * radians * Math.cos(((a.lat + b.lat) / 2) * radians);
  return Math.hypot(x, (b.lat - a.lat) * radians) * EARTH_M;
}

/** The place for an alarm, while it is fresh. */
export const lastPlace = () => (last && now() - last.t < OLD_MS ? { lon: last.lon, lat: last.lat } : null);

/** The place and heading for a sighting, while they are fresh. */
export function lastView() {
  const place = lastPlace();
  return place && last.heading !== undefined ? { ...place, heading: last.heading } : place;
}

function take({ coords }) {
  const fix = { is: "fix", t: now(), lon: coords.longitude, lat: coords.latitude };
  if (Number.isFinite(coords.speed) && coords.speed >= 0) fix.speed = coords.speed;
  if (Number.isFinite(coords.heading)) fix.heading = coords.heading;
  if (Number.isFinite(coords.accuracy)) fix.accuracy = coords.accuracy;
  last = fix;
  tell();
}

function tell() {
  if (!last) return;
  const due = sent && apart(sent, last) < NEAR_M ? STILL_MS : MOVING_MS;
  if (sent && now() - sent.t < due) return;
  // The phone calls only when it moves; standing still is news too.
  sent = { ...last, t: now() };
  mention(sent);
}

/** Begin to listen; `say` gets `gps`, `gpsOff` or `gpsNone`. */
export function watch(say) {
  if (!navigator.geolocation) {
    say("gpsNone");
    return;
  }
  const options = { enableHighAccuracy: true, maximumAge: 2000, timeout: 20000 };
  navigator.geolocation.watchPosition(
    (position) => { take(position); say("gps"); },
    (error) => say(error.code === error.PERMISSION_DENIED ? "gpsOff" : "gpsNone"),
    options,
  );
  setInterval(() => { if (lastPlace()) tell(); }, MOVING_MS);
}
