// Pairing: the one-time code in the link becomes this browser's token, at a press and not before.

import { html, render, useState } from "../vendor/preact-htm/htm-preact.mjs";
import { isChinese, say, setChinese } from "./words.js";

const code = location.hash.slice(1);

function Page() {
  const [state, set] = useState(code ? "ready" : "pairNoCode");
  const pair = async () => {
    set("pairingNow");
    try {
      const answer = await fetch("/phone/pair", {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ code }),
      });
      if (!answer.ok) set("pairFailed");
      else location.replace(`/pages/phone/${(await answer.json()).page}`);
    } catch {
      set("noNetwork");
    }
  };
  const turn = () => { setChinese(!isChinese()); set((now) => now); draw(); };
  const again = state === "ready" || state === "noNetwork";
  return html`<main id="pair"><h1>street110 · ${say("pairing")}</h1>
    <p role="status" data-state=${state}>${say(state === "ready" ? "pairHint" : state)}</p>
    ${again ? html`<button type="button" id="go" class="loud" onclick=${pair}>${say("pairAs")}</button>` : null}
    <button type="button" class="quiet" onclick=${turn}>${say("lang")}</button></main>`;
}

const draw = () => render(html`<${Page}/>`, document.getElementById("page"));
draw();
