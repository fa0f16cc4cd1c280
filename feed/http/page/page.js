// The first page: live prices of a few symbols through EventSource, which reconnects and resumes by itself.
"use strict";

const SHOWN = 12;
const state = document.getElementById("state");
const rows = new Map();

function makeRow(symbol) {
  const row = document.getElementById("prices").insertRow();
  const cells = Object.fromEntries(
    ["symbol", "last", "change", "bid", "ask", "status"].map((name) => [name, row.insertCell()]),
  );
  cells.symbol.textContent = symbol;
  const made = { cells, first: null };
  rows.set(symbol, made);
  return made;
}

function show(tick) {
  const row = rows.get(tick.S);
  if (!row) return;
  const { cells } = row;
  if (tick.T === "t") {
    row.first ??= tick.p;
    const change = 100 * (tick.p / row.first - 1);
    cells.last.textContent = tick.p;
    cells.change.textContent = `${change < 0 ? "▼" : "▲"} ${Math.abs(change).toFixed(2)} %`;
    cells.change.className = change < 0 ? "down" : "up";
  } else if (tick.T === "q") {
    cells.bid.textContent = tick.bp;
    cells.ask.textContent = tick.ap;
  } else if (tick.T === "s") {
    cells.status.textContent = tick.sm;
  }
}

async function start() {
  const base = location.origin;
  document.getElementById("commands").textContent = [
    `curl -N '${base}/v1/sse?trades=*'`,
    `curl -N '${base}/v1/stream?quotes=*&snapshot=1'`,
    `feed tail --url ${base} --symbols AAPL,MSFT`,
  ].join("\n");
  const { symbols } = await (await fetch("/v1/symbols")).json();
  const shown = symbols.slice(0, SHOWN).map((known) => known.symbol);
  shown.forEach(makeRow);
  const list = encodeURIComponent(shown.join(","));
  const source = new EventSource(`/v1/sse?symbols=${list}&statuses=${list}&snapshot=1`);
  source.onopen = () => { state.textContent = "live"; };
  source.onerror = () => { state.textContent = "connection lost; coming back …"; };
  source.onmessage = (event) => JSON.parse(event.data).forEach(show);
  source.addEventListener("gap", (event) => {
    const { from, to, reason } = JSON.parse(event.data);
    state.textContent = `live, after a gap (${reason}): ${from} to ${to} are not coming`;
  });
}

start().catch((error) => { state.textContent = `cannot start: ${error.message}`; });
