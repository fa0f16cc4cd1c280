// The first page: live prices of a few symbols through EventSource, which reconnects and resumes by itself.
"use strict";

const SHOWN = 12;
const state = document.getElementById("state");
const rows = new Map();
const REASONS = { silent: "the source is silent", failed: "the source is gone", finished: "the recording is over" };
const HALTED = ["H", "2", "P", "STALE"]; // trading halts on either tape, and silence
const GOING_ON = ["T", "3", "LIVE"];

function makeRow(symbol) {
  const element = document.getElementById("prices").insertRow();
  const cells = Object.fromEntries(
    ["symbol", "last", "change", "bid", "ask", "status"].map((name) => [name, element.insertCell()]),
  );
  cells.symbol.textContent = symbol;
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
    cells.change.textContent = `${rise < 0 ? "▼" : "▲"}${share}`;
    cells.change.className = rise < 0 ? "down" : "up";
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
let newest = "";
function tell(words, isCurrent) {
  const asOf = newest === "" ? "" : `; prices as of ${new Date(newest).toLocaleString()}`;
  state.textContent = isCurrent ? words : `${words}${asOf}`;
  document.body.classList.toggle("stale", !isCurrent);
}

async function start() {
  const base = new URL(".", location.href).href.replace(/\/$/, ""); // a proxy may give it a prefix
  document.getElementById("commands").textContent = [
    `curl -N '${base}/v1/sse?trades=*'`,
    `curl -N '${base}/v1/stream?quotes=*&snapshot=1'`,
    `feed tail --url ${base} --symbols AAPL,MSFT`,
  ].join("\n");
  const { symbols } = await (await fetch("v1/symbols")).json();
  const shown = symbols.slice(0, SHOWN).map((known) => known.symbol);
  shown.forEach(makeRow);
  const list = encodeURIComponent(shown.join(","));
  const source = new EventSource(`v1/sse?symbols=${list}&statuses=${list}&snapshot=1`);
  source.onopen = () => tell("live", true);
  source.onerror = () => tell("connection lost, coming back …", false);
  source.onmessage = (event) => {
    for (const tick of JSON.parse(event.data)) {
      show(tick);
      if (tick.T !== "s") newest = tick.t;
    }
  };
  source.addEventListener("feed", (event) => {
    const { state, reason } = JSON.parse(event.data);
    tell(state === "live" ? "live" : REASONS[reason] ?? reason, state === "live");
  });
  source.addEventListener("gap", (event) => {
    const { from, to, reason } = JSON.parse(event.data);
    tell(`live, after a gap (${reason}): ${from} to ${to} are not coming`, true);
  });
}

start().catch((error) => { state.textContent = `cannot start: ${error.message}`; });
