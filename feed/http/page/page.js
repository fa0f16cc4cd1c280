// The first page: live prices of a few symbols through EventSource, which reconnects and resumes by itself.
"use strict";

const BASE = document.documentElement.dataset.base ?? ""; // a proxy may give it a prefix
const SHOWN = 12;
const state = document.getElementById("state"); // is said aloud whenever it differs: no numbers that run
const rows = new Map();
const REASONS = { silent: "the source is silent", failed: "the source is gone", finished: "the recording is over" };
const HALTED = ["H", "2", "P", "STALE"]; // trading halts on either tape, and silence
const GOING_ON = ["T", "3", "LIVE"];

function makeRow(symbol) {
  const element = document.getElementById("prices").insertRow();
  const cells = Object.fromEntries(
    ["last", "change", "bid", "ask"].map((name) => [name, element.insertCell()]),
  );
  const head = document.createElement("th");
  head.scope = "row";
  cells.status = document.createElement("small");
  head.append(symbol, cells.status);
  element.prepend(head);
  const made = { element, cells, first: null };
  rows.set(symbol, made);
  return made;
}

function show(tick) {
  const row = rows.get(tick.S);
  if (!row) return;
  const { cells } = row;
  if (tick.T === "t") {
    row.first ??= tick.p;
    const rise = tick.p - row.first; // prices may be negative, and from 0 on there is no share
    const share = row.first === 0 ? "" : ` ${Math.abs((100 * rise) / row.first).toFixed(2)} %`;
    cells.last.textContent = tick.p;
    const way = rise < 0 ? "down" : rise > 0 ? "up" : "";
    cells.change.textContent = `${{ up: "▲", down: "▼", "": "" }[way]}${share}`;
    cells.change.className = way;
  } else if (tick.T === "q") {
    cells.bid.textContent = tick.bp;
    cells.ask.textContent = tick.ap;
  } else if (tick.T === "s") {
    cells.status.textContent = tick.sm;
    if (HALTED.includes(tick.sc)) row.element.className = "stale";
    if (GOING_ON.includes(tick.sc)) row.element.className = "";
  }
}

// Prices that are not current never look current: they are dimmed, with the time that they are of.
// The server says every 10 s at least where it is, so a longer silence is one of the connection.
const SILENT_MS = 12_000;
const AGAIN_MS = 2_000;
let newest = "";
let heardMs = performance.now();
let isOpen = false;
const down = new Map(); // by source, the reason for which nothing comes from it
let note = ""; // of a gap

/** Asking again does not help. */
class Final extends Error {}

function downWords() {
  const words = [...down].map(([source, reason]) => `${source}: ${REASONS[reason] ?? reason}`);
  return words.join(", ");
}

function say(words) {
  if (state.textContent !== words) state.textContent = words;
}

function tell() {
  const isSilent = performance.now() - heardMs > SILENT_MS;
  let words = "connection lost, coming back …";
  if (isOpen) words = isSilent ? "nothing came for a while" : downWords();
  say(words === "" ? `live${note}` : words);
  const isOld = words !== "" && newest !== "";
  const asOf = isOld ? `; prices as of ${new Date(newest).toLocaleString(undefined, { hourCycle: "h23", timeZone: document.documentElement.dataset.zone })}` : "";
  document.getElementById("as-of").textContent = asOf;
  document.getElementById("pill").className = `pill ${words === "" ? "good" : "bad"}`;
  document.body.classList.toggle("stale", words !== "");
}

function connect(query) {
  const source = new EventSource(`${BASE}v1/sse?${query}`);
  const hear = (name, act) =>
    source.addEventListener(name, (event) => {
      heardMs = performance.now();
      act(event.data === undefined ? undefined : JSON.parse(event.data));
      tell();
    });
  hear("open", () => { isOpen = true; down.clear(); });
  hear("message", (ticks) => {
    for (const tick of ticks) {
      show(tick);
      if (tick.T !== "s") newest = tick.t;
    }
  });
  hear("mark", () => {});
  hear("snapshot", () => {});
  hear("feed", ({ state, source, reason }) => {
    if (state === "live") down.delete(source);
    else down.set(source, reason);
  });
  hear("gap", ({ from, to, reason }) => { note = `, after a gap (${reason}): ${from} to ${to} are not coming`; });
  source.onerror = () => {
    isOpen = false;
    tell();
    // Refused, by a server that starts or is full: then the browser itself does not come back.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, AGAIN_MS, query);
  };
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** What is listed, asked for until the server says; an Error where asking again does not help. */
async function listed() {
  for (;;) {
    let problem, waitMs = AGAIN_MS;
    try {
      const answer = await fetch(`${BASE}v1/symbols`, { signal: AbortSignal.timeout(SILENT_MS) });
      if (answer.status === 401) throw new Final("a key or a token is due; sign in at the Desk");
      if (answer.status === 403) throw new Final("your key does not include it");
      if (answer.ok) return (await answer.json()).symbols;
      problem = `the server answers ${answer.status}`;
      waitMs = Math.max(AGAIN_MS, 1_000 * (Number(answer.headers.get("Retry-After")) || 0));
    } catch (error) {
      if (error instanceof Final) throw error;
      problem = "the server does not answer";
    }
    say(`${problem}, trying again …`);
    await pause(waitMs);
  }
}

async function start() {
  const base = new URL(BASE || ".", location.href).href.replace(/\/$/, "");
  const suggest = (symbols) => {
    const quoted = `'${symbols.replaceAll("'", "'\\''")}'`; // for a shell
    document.getElementById("commands").textContent = [
      `curl -N '${base}/v1/sse?trades=*'`,
      `curl -N '${base}/v1/stream?quotes=*&snapshot=1'`,
      `feed tail --url ${base} --symbols ${quoted}`,
    ].join("\n");
  };
  suggest("*");
  for (;;) {
    const symbols = await listed();
    const shown = symbols.slice(0, SHOWN).map((known) => known.symbol);
    if (shown.length > 0) {
      shown.forEach(makeRow);
      suggest(shown.slice(0, 2).join(","));
      const list = encodeURIComponent(shown.join(","));
      connect(`symbols=${list}&statuses=${list}&snapshot=1`);
      setInterval(tell, 1_000);
      return;
    }
    say("nothing is listed yet …");
    await pause(AGAIN_MS);
  }
}

start().catch((error) => say(`cannot start: ${error.message}`));
