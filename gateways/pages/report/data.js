// What the page asks of the engine, and its session.

export const held = { me: null, data: null, at: 0, failure: null };

class Refused extends Error {
  constructor(status, body) {
    super(body?.error ?? `status ${status}`);
    Object.assign(this, { status, body });
  }
}

async function call(path, options = {}) {
  const answer = await fetch(path, { cache: "no-store", ...options });
  if (!answer.ok) throw new Refused(answer.status, await answer.json().catch(() => null));
  return answer.json();
}

const post = (path, body) =>
  call(path, {
    method: "POST", body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", "X-CSRF-Token": held.me?.csrf ?? "" },
  });

/** The session; `failure` is `no_session` where one must log in. */
export async function enter() {
  try {
    held.me = await call("/api/v1/me");
    held.failure = held.me.may.includes("report") ? null : "forbidden";
  } catch (error) {
    held.me = null;
    held.failure = error instanceof Refused ? "no_session" : "unreachable";
  }
}

export async function logIn(name, password) {
  try {
    held.me = await post("/api/v1/login", { name, password });
    held.failure = held.me.may.includes("report") ? null : "forbidden";
    return null;
  } catch (error) {
    return error instanceof Refused ? error.message : "nothing";
  }
}

export async function logOut() {
  await post("/api/v1/logout", {}).catch(() => null);
  Object.assign(held, { me: null, data: null, failure: "no_session" });
}

/** Everything the page shows, of a period in epoch ms. */
export async function load(sinceMs, untilMs) {
  const period = `since_ms=${Math.round(sinceMs)}&until_ms=${Math.round(untilMs)}`;
  try {
    const [report, circles, presence, coverage, areas, listed, state] = await Promise.all([
      call(`/api/v1/report?${period}`), call("/api/v1/circles"), call("/api/v1/presence"), call("/api/v1/coverage"),
      call("/api/v1/areas.geojson"), call("/api/v1/incidents?status=all&most=1000"), call("/api/state"),
    ]);
    const incidents = listed.incidents.filter((row) => row.raised_ms >= sinceMs && row.raised_ms < untilMs && !row.exercise && !row.merged_into);
    held.data = { report, circles, presence, coverage, areas, incidents, open: listed.incidents.filter((row) => row.status !== "closed"), state, atMs: listed.at_ms };
    held.at = Date.now();
    held.failure = null;
  } catch (error) {
    if (!(error instanceof Refused)) held.failure = "unreachable";
    else held.failure = error.status === 401 ? "no_session" : error.status === 403 ? "forbidden" : "unreachable";
    if (held.failure === "no_session") held.me = null;
  }
}

export const findPlan = (type) => held.data?.state.district.plans.find((plan) => plan.type === type);
export const nameOf = (id) => held.data?.state.district.names[id] ?? id;
export const zone = () => held.data?.state.district.timezone;
