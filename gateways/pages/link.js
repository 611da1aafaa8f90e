// The connection to the engine: full state on every connect, so a lost link loses nothing.

import { enter } from "./session.js";
import { changed, store, takeColumns, takeText } from "./store.js";

const SHORTEST_MS = 400;
const LONGEST_MS = 5000;
const DEAF_MS = 8000;
let wait = SHORTEST_MS;
let socket = null;

function setLink(link) {
  if (link === "lost" && store.link !== "lost") store.lostAt = performance.now();
  store.link = link;
  changed("link");
}

export function connect() {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const mine = new WebSocket(`${scheme}//${location.host}/ws`);
  socket = mine;
  mine.binaryType = "arraybuffer";
  mine.onmessage = ({ data }) => {
    if (socket !== mine) return;
    if (store.link !== "live") {
      wait = SHORTEST_MS;
      setLink("live");
    }
    if (typeof data === "string") takeText(JSON.parse(data));
    else takeColumns(data);
  };
  mine.onclose = () => {
    if (socket === mine) again();
  };
}

function again() {
  socket = null;
  setLink("lost");
  // Who was logged out must log in before a new link makes sense.
  setTimeout(async () => {
    if ((await enter()) !== "out") connect();
  }, wait * (0.75 + Math.random() / 2));
  wait = Math.min(LONGEST_MS, wait * 1.7);
}

// A link that is open but silent is cut from this side: half-open connections never say so.
setInterval(() => {
  if (socket && store.link === "live" && performance.now() - store.heardAt > DEAF_MS) {
    const deaf = socket;
    again();
    deaf.close();
  }
}, 1000);
