// The page of administrators: who is connected, what happened to them, and sending them away.
//
// Everything shown is text of an answer, and nothing is kept here but which connection was chosen.

import { clock, clockThere, count, bytes, problem } from "./words.js";

const BASE = document.documentElement.dataset.base ?? ""; // a proxy may give it a prefix
const AGAIN_MS = 2_000;
const LISTED = 100;
const WITHIN_S = 5; // in which a server answers that does not hang
const byId = (id) => document.getElementById(id);
const query = byId("query");
let chosen = null; // the id of the connection whose record is shown
let shows = 0; // how often the list was asked for: an answer of before is not shown
let refusal = ""; // of what was done last; it stays until something else is done

/** Why nothing is shown; "": something is, or it is not a matter of who asks. */
function whyBarred(status) {
  if (status === 401) return "This page is for administrators: sign in at the Desk with a key that has the grant admin.";
  if (status !== 403) return "";
  const whose = isSignedIn() ? "Your key does not include this page: it is" : "This page is";
  return `${whose} for administrators, whose keys have the grant admin.`;
}

/** Whether somebody has signed in at the desk, as that remembers. */
function isSignedIn() {
  try {
    return localStorage.getItem("feed.signedIn") !== null;
  } catch {
    return false; // where a page may keep nothing
  }
}

/** Ask, with whoever is signed in; what is refused is an Error with the server's words. */
async function ask(path, options = {}) {
  const answer = await fetch(BASE + path, { cache: "no-store", signal: AbortSignal.timeout(1_000 * WITHIN_S), ...options });
  const document = await answer.json();
  bar(whyBarred(answer.status));
  if (!answer.ok) throw new Error(document.detail ?? `${path} answers ${answer.status}`);
  return document;
}

/** Say why nothing is shown, in the place of it; "": show it. */
function bar(words) {
  const barred = byId("barred");
  if (barred.textContent !== words) barred.textContent = words;
  barred.hidden = words === "";
  query.hidden = byId("list").hidden = words !== "";
}

function cell(name, text, className = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

function button(words, label, act) {
  const made = cell("button", words);
  made.type = "button";
  made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
}

async function sendAway(id) {
  if (!confirm(`Send connection ${id} away? It is told so, and may come back.`)) return;
  refusal = "";
  try {
    await ask(`v1/admin/connections/${id}`, { method: "DELETE" });
  } catch (error) {
    refusal = problem(error, WITHIN_S);
  }
  await show();
}

const rows = new Map(); // by id; a row stays the same element, so that the focus stays in it

function makeRow(id) {
  const row = document.createElement("tr");
  const head = cell("th", id);
  head.scope = "row";
  const classes = ["", "", "", "selection", "", "number", "number", ""];
  const cells = classes.map((each) => cell("td", "", each));
  const actions = document.createElement("td");
  actions.append(
    button("Record", `Record of connection ${id}`, () => choose(id)),
    " ",
    button("Disconnect", `Disconnect connection ${id}`, () => sendAway(id)),
  );
  row.append(head, ...cells, actions);
  return { row, cells };
}

function rowOf(each) {
  const known = rows.get(each.id) ?? makeRow(each.id);
  rows.set(each.id, known);
  const words = [
    each.peer,
    each.identity.name ?? "anonymous",
    `${each.transport} · ${each.codec}`,
    each.selection,
    each.standing,
    count(each.lag_ticks),
    bytes(each.buffered_bytes),
    clock(each.since),
  ];
  words.forEach((text, index) => { known.cells[index].textContent = text; });
  known.cells[3].title = each.selection;
  known.row.className = each.id === chosen ? "chosen" : "";
  return known.row;
}

function showRows(connections) {
  const listed = new Set(connections.map(({ id }) => id));
  for (const [id, { row }] of rows) {
    if (listed.has(id)) continue;
    row.remove();
    rows.delete(id);
  }
  const body = byId("connections");
  const wanted = connections.map(rowOf);
  if (wanted.every((row, index) => body.children[index] === row)) return;
  const focused = body.contains(document.activeElement) ? document.activeElement : null;
  body.replaceChildren(...wanted);
  focused?.focus();
}

async function choose(id) {
  chosen = id;
  refusal = "";
  await show();
  byId("record").scrollIntoView({ block: "nearest" });
}

async function showRecord(number) {
  byId("record").hidden = chosen === null;
  if (chosen === null) return;
  const { id, record, reason } = await ask(`v1/admin/connections/${chosen}`);
  if (number !== shows) return;
  byId("record-title").textContent = `What happened to connection ${id}${reason ? `, which ended: ${reason}` : ""}`;
  byId("events").replaceChildren(
    ...record.map(({ t, msg }) => {
      const line = document.createElement("li");
      line.append(cell("time", clock(t)), msg);
      return line;
    }),
  );
}

function tell(level, words) {
  const state = byId("state");
  state.className = `pill ${level}`;
  if (state.textContent !== words) state.textContent = words;
}

async function show() {
  const number = ++shows;
  const { order, identity } = Object.fromEntries(new FormData(query));
  const asked = new URLSearchParams({ order, limit: LISTED, ...(identity && { identity }) });
  try {
    const { connections, total } = await ask(`v1/admin/connections?${asked}`);
    if (number !== shows) return;
    showRows(connections);
    byId("total").textContent = `${count(connections.length)} of ${count(total)}, asked at ${clockThere(Date.now())}`;
    tell(refusal ? "bad" : "good", refusal || "asked");
    await showRecord(number);
  } catch (error) {
    if (number === shows) tell("bad", problem(error, WITHIN_S));
  }
}

async function run() {
  await show();
  setTimeout(run, AGAIN_MS);
}

query.addEventListener("input", () => {
  refusal = "";
  return show();
});
query.addEventListener("submit", (event) => event.preventDefault());
run();
