// The way in: shown over the page while nobody is logged in and the engine asks for it.

import { html } from "./vendor/preact-htm/htm-preact.mjs";
import { logIn, logOut, session } from "./session.js";
import { changed } from "./store.js";
import { word } from "./words_acts.js";
import { say } from "./words.js";

let failure = null;

async function submit(event, onIn) {
  event.preventDefault();
  const form = new FormData(event.currentTarget);
  failure = await logIn(form.get("name"), form.get("password"));
  changed("login");
  if (failure === null) onIn();
}

export function Login({ onIn, onLanguage }) {
  if (session.state !== "out") return null;
  return html`<form id="login" aria-label=${word("login")} onSubmit=${(event) => submit(event, onIn)}>
    <h1>street110 · ${say("title")}</h1>
    <label>${word("name")}<input name="name" autocomplete="username" required maxlength="64" /></label>
    <label>${word("password")}<input name="password" type="password" autocomplete="current-password" required maxlength="256" /></label>
    <p role="alert">${failure ? word(failure) : ""}</p>
    <button type="submit" class="loud">${word("login")}</button>
    <button type="button" onClick=${onLanguage}>${say("lang")}</button></form>`;
}

export function Person() {
  if (!session.me || session.me.open) return null;
  return html`<span id="person">${session.me.name}<button onClick=${logOut}>${word("logout")}</button></span>`;
}
