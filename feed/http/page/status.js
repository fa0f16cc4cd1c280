// The status page: what the server remembers of the last fifteen minutes, as small charts.
//
// A chart is some series of /v1/status/history on one scale. Nothing is kept here: every five
// seconds the page asks again and draws what it is told.

const BASE = document.documentElement.dataset.base ?? ""; // a proxy may give it a prefix
const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 480, HEIGHT = 150, LEFT = 60, RIGHT = 8, TOP = 8, BOTTOM = 20;
const MINUTES = [0, 5, 10, 15];

const seconds = (value) => {
  if (value === 0) return "0 s";
  if (value < 1e-3) return `${round(value * 1e6)} µs`;
  if (value < 1) return `${round(value * 1e3)} ms`;
  if (value < 120) return `${round(value)} s`;
  return value < 7200 ? `${round(value / 60)} min` : `${round(value / 3600)} h`;
};
const PREFIXES = ["", "k", "M", "G", "T"];
const scaled = (unit) => (value) => {
  const step = value < 1000 ? 0 : Math.min(PREFIXES.length - 1, Math.floor(Math.log10(value) / 3));
  return `${round(value / 1000 ** step)} ${PREFIXES[step]}${unit}`.trim();
};
const plain = scaled("");
const perSecond = scaled("/s");
const bytes = scaled("B");
const bytesPerSecond = scaled("B/s");
const percent = (value) => `${round(100 * value)} %`;

function round(value) {
  return Number(value.toPrecision(value >= 100 ? 4 : 3)).toLocaleString("en");
}

// What is drawn, what matters most first. `least`: the scale reaches so far at least. `limit`: where
// it begins to hurt.
const CHARTS = [
  { title: "Since the last tick", hint: "of the source", format: seconds, least: 0.01, series: { silent: "silent_s" } },
  {
    title: "Age of ticks, p99", hint: "log scale", format: seconds, log: true,
    series: { "event → here": "source_age_p99_s", "here → socket": "write_age_p99_s", "event → reader": "delivery_age_p99_s" },
  },
  { title: "Ticks", hint: "published", format: perSecond, least: 1, series: { ticks: "ticks_per_s" } },
  { title: "Subscribers", hint: "connected", format: plain, least: 2, series: { WebSocket: "websocket", SSE: "sse", stream: "stream", behind: "behind" } },
  { title: "Frames", hint: "written to subscribers", format: perSecond, least: 1, series: { frames: "frames_per_s" } },
  { title: "Bytes", hint: "to sockets, and without compression", format: bytesPerSecond, least: 1000, series: { sent: "frame_bytes_per_s", plain: "plain_bytes_per_s" } },
  {
    title: "Slow readers", hint: "steps of the ladder", format: perSecond, least: 1,
    series: { paused: "paused_per_s", "caught up": "caught_up_per_s", gap: "gaps_per_s", dropped: "dropped_per_s" },
  },
  { title: "Lag of the slowest", hint: "ticks behind", format: plain, least: 10, series: { lag: "largest_lag_ticks" } },
  { title: "Symbols", hint: "that do not tick as usual", format: plain, least: 2, series: { stale: "stale", halted: "halted", "source down": "source_down" } },
  { title: "Ring", hint: "how far back it reaches; promised", format: seconds, least: 1, series: { reaches: "ring_window_s" }, limit: "resume_window_s" },
  { title: "Event loop lag, p99", hint: "over 100 ms it is saturated", format: seconds, log: true, series: { late: "loop_lag_p99_s" }, limit: 0.1 },
  { title: "CPU", hint: "of one core", format: percent, least: 0.1, series: { busy: "cpu_share" } },
  { title: "Memory", hint: "resident", format: bytes, least: 1e6, series: { memory: "memory_bytes" } },
];

function svg(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

function element(name, className, text) {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

const steps = [1, 2, 2.5, 5, 10];
function ceiling(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * steps.find((step) => step * power >= value * 0.9999);
}

/** A scale from values to pixels, with what is written beside it. */
function scaleOf(values, log, least) {
  const height = HEIGHT - TOP - BOTTOM;
  if (log) {
    const known = values.filter((value) => value > 0);
    const low = Math.floor(Math.log10(Math.min(...known, 1)));
    const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...known, 10 ** (low + 1)))));
    const ticks = [];
    for (let power = low; power <= high; power += Math.ceil((high - low) / 4)) ticks.push(10 ** power);
    const at = (value) => TOP + height * (1 - (Math.log10(Math.max(value, 10 ** low)) - low) / (high - low));
    return { at, ticks };
  }
  const top = ceiling(Math.max(...values, least));
  return { at: (value) => TOP + height * (1 - value / top), ticks: [0, top / 2, top] };
}

class Chart {
  constructor({ title, hint, format, series, log = false, least, limit }) {
    Object.assign(this, { title, format, names: Object.keys(series), keys: Object.values(series), log, least, limit });
    this.figure = document.createElement("figure");
    const caption = document.createElement("figcaption");
    const heading = element("strong", "", title);
    heading.append(element("span", "hint", ` ${hint}`));
    caption.append(heading);
    this.labels = this.names.map((name, index) => caption.appendChild(element("span", `key s${index}`, name)));
    this.svg = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
    this.svg.addEventListener("pointermove", (event) => this.point(event));
    this.svg.addEventListener("pointerleave", () => this.tell(null));
    this.figure.append(caption, this.svg);
  }

  draw(history, status) {
    const { times, series, window_s: window } = history;
    this.end = times.at(-1) ?? 0;
    this.times = times;
    this.values = this.keys.map((key) => series[key] ?? []);
    const limit = typeof this.limit === "string" ? status[this.limit] : this.limit;
    const all = this.values.flat().filter((value) => value !== null);
    const scale = scaleOf(limit === undefined ? all : [...all, limit], this.log, this.least);
    this.x = (time) => LEFT + (WIDTH - LEFT - RIGHT) * (1 - (this.end - time) / window);
    const drawn = [];
    for (const value of scale.ticks) {
      const y = scale.at(value);
      drawn.push(svg("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y, y2: y }));
      drawn.push(svg("text", { class: "label", x: LEFT - 6, y: y + 4, "text-anchor": "end" }, this.format(value)));
    }
    for (const minutes of MINUTES) {
      const x = this.x(this.end - 60 * minutes);
      const anchor = minutes === 0 ? "end" : minutes === 15 ? "start" : "middle";
      const words = minutes === 0 ? "now" : `−${minutes} min`;
      drawn.push(svg("text", { class: "label", x, y: HEIGHT - 5, "text-anchor": anchor }, words));
    }
    if (limit !== undefined) {
      const y = scale.at(limit);
      drawn.push(svg("line", { class: "limit", x1: LEFT, x2: WIDTH - RIGHT, y1: y, y2: y }));
    }
    this.values.forEach((values, index) => {
      drawn.push(svg("path", { class: `trace s${index}`, d: this.path(values, scale.at) }));
    });
    this.cursor = svg("line", { class: "cursor", y1: TOP, y2: HEIGHT - BOTTOM, visibility: "hidden" });
    this.svg.replaceChildren(...drawn, this.cursor);
    this.tell(null);
  }

  path(values, at) {
    let path = "";
    let lifted = true;
    values.forEach((value, index) => {
      if (value === null) { lifted = true; return; }
      const x = this.x(this.times[index]).toFixed(1), y = at(value).toFixed(1);
      // A lone sample between two holes is a dot: a line of no length with round caps.
      path += lifted ? `M${x} ${y}h.01` : `L${x} ${y}`;
      lifted = false;
    });
    return path;
  }

  point(event) {
    const box = this.svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * WIDTH;
    let nearest = null;
    this.times?.forEach((time, index) => {
      if (nearest === null || Math.abs(this.x(time) - x) < Math.abs(this.x(this.times[nearest]) - x)) nearest = index;
    });
    this.tell(nearest);
  }

  /** Write the values of one sample, or of the newest, beside their names. */
  tell(index) {
    if (!this.times?.length) return;
    const shown = index ?? this.times.length - 1;
    const x = this.x(this.times[shown]);
    this.cursor.setAttribute("x1", x);
    this.cursor.setAttribute("x2", x);
    this.cursor.setAttribute("visibility", index === null ? "hidden" : "visible");
    const words = this.names.map((name, number) => {
      const value = this.values[number][shown] ?? null;
      return `${name} ${value === null ? "–" : this.format(value)}`;
    });
    words.forEach((text, number) => { this.labels[number].textContent = text; });
    this.svg.setAttribute("aria-label", `${this.title}: ${words.join(", ")}`);
  }
}

const REASONS = { silent: "the source is silent", failed: "the source is gone", finished: "the recording is over" };

function judge(status) {
  if (status.leaving) return ["bad", "leaving"];
  if (status.feed.state !== "live") return [status.feed.reason === "finished" ? "warn" : "bad", `source down: ${REASONS[status.feed.reason] ?? status.feed.reason}`];
  const down = status.sources.filter((source) => source.feed.state !== "live" || !source.up);
  if (down.length) return ["warn", down.map((source) => `${source.name}: ${REASONS[source.feed.reason] ?? "the source is not open"}`).join("; ")];
  const silent = status.sources.filter((source) => source.silent);
  if (silent.length) return ["warn", silent.map((source) => `${source.name} is silent`).join("; ")];
  if (status.symbols.stale) return ["warn", `live; ${status.symbols.stale} symbols are stale`];
  return ["good", "live"];
}

function show(status, history) {
  const [level, words] = judge(status);
  const verdict = document.getElementById("verdict");
  verdict.className = level;
  document.body.classList.remove("stale");
  verdict.textContent = words;
  document.title = `feed: ${words}`;
  const facts = {
    version: status.version,
    up: seconds(status.uptime_s),
    source: status.sources.map((source) => source.name).join(", "),
    symbols: plain(Object.values(status.symbols).reduce((sum, count) => sum + count, 0)),
    lanes: plain(status.lanes),
    position: status.pos,
  };
  document.getElementById("facts").replaceChildren(
    ...Object.entries(facts).map(([name, value]) => {
      const pair = document.createElement("div");
      pair.append(element("dt", "", name), element("dd", "", value));
      return pair;
    }),
  );
  for (const chart of charts) chart.draw(history, status);
  document.getElementById("asked").textContent = `asked at ${new Date().toLocaleTimeString()}`;
}

async function ask() {
  let next = 5000;
  try {
    const [status, history] = await Promise.all(
      ["v1/status", "v1/status/history"].map(async (path) => {
        const answer = await fetch(BASE + path, { cache: "no-store" });
        if (!answer.ok) throw new Error(`${path} answers ${answer.status}`);
        return answer.json();
      }),
    );
    show(status, history);
    if (!history.times.length) next = 1000; // the first sample is about to be taken
  } catch (error) {
    const verdict = document.getElementById("verdict");
    verdict.className = "bad";
    document.body.classList.add("stale"); // it is as of when it was asked last
    verdict.textContent = `no answer: ${error.message}`;
  }
  setTimeout(ask, next);
}

export const charts = CHARTS.map((chart) => new Chart(chart));
document.getElementById("charts").append(...charts.map((chart) => chart.figure));
ask();
