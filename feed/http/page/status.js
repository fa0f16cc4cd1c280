// The status page: what the server remembers of the last fifteen minutes, as small charts.
//
// A chart is some series of /v1/status/history on one scale. Nothing is kept here: every five
// seconds the page asks again and draws what it is told.

import { bytes, clock, clockThere, count, duration, problem, round, scaled } from "./words.js";

const BASE = document.documentElement.dataset.base ?? ""; // a proxy may give it a prefix
const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 480, HEIGHT = 150, LEFT = 60, RIGHT = 8, TOP = 8, BOTTOM = 20;
const WITHIN_S = 5; // in which a server answers that does not hang
const MINUTES = [0, 5, 10, 15];

const perSecond = scaled("/s");
const bytesPerSecond = scaled("B/s");
const percent = (value) => `${round(100 * value)} %`;

// What is drawn, what matters most first. `least`: the scale reaches so far at least. `limit`: where
// it begins to hurt.
const CHARTS = [
  { title: "Since the last tick", hint: "of the source", format: duration, least: 0.01, series: { silent: "silent_s" } },
  {
    title: "Age of ticks, p99", hint: "log scale", format: duration, log: true,
    series: { "event → here": "source_age_p99_s", "here → socket": "write_age_p99_s", "event → reader": "delivery_age_p99_s" },
  },
  { title: "Ticks", hint: "published", format: perSecond, least: 1, series: { ticks: "ticks_per_s" } },
  { title: "Subscribers", hint: "connected", format: count, least: 2, series: { WebSocket: "websocket", SSE: "sse", stream: "stream", behind: "behind" } },
  { title: "Frames", hint: "written to subscribers", format: perSecond, least: 1, series: { frames: "frames_per_s" } },
  { title: "Bytes", hint: "to sockets, and without compression", format: bytesPerSecond, least: 1000, series: { sent: "frame_bytes_per_s", plain: "plain_bytes_per_s" } },
  {
    title: "Slow readers", hint: "steps of the ladder", format: perSecond, least: 1,
    series: { paused: "paused_per_s", "caught up": "caught_up_per_s", gap: "gaps_per_s", dropped: "dropped_per_s" },
  },
  { title: "Lag of the slowest", hint: "ticks behind", format: count, least: 10, series: { lag: "largest_lag_ticks" } },
  { title: "Symbols", hint: "that do not tick as usual", format: count, least: 2, series: { stale: "stale", halted: "halted", "source down": "source_down" } },
  { title: "Ring", hint: "how far back it reaches; promised", format: duration, least: 1, series: { reaches: "ring_window_s" }, limit: "resume_window_s" },
  { title: "Event loop lag, p99", hint: "over 100 ms it is saturated", format: duration, log: true, series: { late: "loop_lag_p99_s" }, limit: 0.1 },
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
// Whiles of which the half can be said, too.
const WHILES = [2, 4, 10, 20, 30, 60, 120, 240, 600, 1_200, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400];
function ceiling(value, format) {
  const day = 86_400;
  if (format === duration && value > 1) return WHILES.find((whole) => whole >= value) ?? 2 * day * Math.ceil(value / day / 2);
  const power = 10 ** Math.floor(Math.log10(value));
  return power * steps.find((step) => step * power >= value * 0.9999);
}

/** A scale from values to pixels, with what is written beside it. */
function scaleOf(values, log, least, format) {
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
  const top = ceiling(Math.max(...values, least), format);
  return { at: (value) => TOP + height * (1 - value / top), ticks: [0, top / 2, top] };
}

class Chart {
  constructor({ title, hint, format, series, log = false, least, limit }) {
    Object.assign(this, { title, format, names: Object.keys(series), keys: Object.values(series), log, least, limit });
    this.shown = this.shownTime = null; // of the sample that is pointed at
    this.figure = element("figure", "card");
    const caption = document.createElement("figcaption");
    const heading = element("h2", "", title);
    heading.append(element("span", "hint", ` ${hint}`));
    caption.append(heading);
    this.labels = this.names.map((name, index) => caption.appendChild(element("span", `key s${index}`, name)));
    this.svg = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", tabindex: 0, "aria-label": title });
    this.svg.addEventListener("pointermove", (event) => this.point(event));
    for (const end of ["pointerleave", "blur"]) this.svg.addEventListener(end, () => this.tell(null));
    this.svg.addEventListener("keydown", (event) => this.walk(event));
    this.figure.append(caption, this.svg);
  }

  draw(history, status) {
    const { times, series, window_s: window } = history;
    this.end = times.at(-1) ?? 0;
    this.times = times;
    this.values = this.keys.map((key) => series[key] ?? []);
    const limit = typeof this.limit === "string" ? status[this.limit] : this.limit;
    const all = this.values.flat().filter((value) => value !== null);
    const scale = scaleOf(limit === undefined ? all : [...all, limit], this.log, this.least, this.format);
    this.scale = scale;
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
    this.cursor = svg("g", { class: "cursor" });
    this.svg.replaceChildren(...drawn, this.cursor);
    // What somebody looks at stays under the pointer, though the samples have moved on.
    this.tell(this.shownTime === null ? null : this.nearest(this.x(this.shownTime)));
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
    this.tell(this.nearest(((event.clientX - box.left) / box.width) * WIDTH));
  }

  /** The index of the sample nearest to a place; null: there is none. */
  nearest(x) {
    let nearest = null;
    this.times?.forEach((time, index) => {
      if (nearest === null || Math.abs(this.x(time) - x) < Math.abs(this.x(this.times[nearest]) - x)) nearest = index;
    });
    return nearest;
  }

  /** Go to the sample before or after, by the arrows. */
  walk(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined || !this.times?.length) return;
    event.preventDefault();
    const last = this.times.length - 1;
    this.tell(Math.min(last, Math.max(0, (this.shown ?? last) + step)));
  }

  /** Write the values of one sample, or of the newest, beside their names, and mark its place. */
  tell(index) {
    this.shown = index;
    if (!this.times?.length) return;
    this.shownTime = index === null ? null : this.times[index];
    const at = index ?? this.times.length - 1;
    const words = this.names.map((name, number) => {
      const value = this.values[number][at] ?? null;
      return `${name} ${value === null ? "–" : this.format(value)}`;
    });
    words.forEach((text, number) => { this.labels[number].textContent = text; });
    const time = index === null ? "" : `, ${clock(1_000 * this.times[at])}`;
    this.svg.setAttribute("aria-label", `${this.title}${time}: ${words.join(", ")}`);
    this.cursor.replaceChildren(...(index === null ? [] : this.mark(index)));
  }

  /** The line through a sample, a dot on each series, and the time of it. */
  mark(index) {
    const x = this.x(this.times[index]);
    const middle = Math.min(WIDTH - RIGHT - 30, Math.max(LEFT + 30, x));
    const y = HEIGHT - BOTTOM + 15;
    return [
      svg("line", { x1: x, x2: x, y1: TOP, y2: HEIGHT - BOTTOM }),
      ...this.values.flatMap((values, number) => {
        const value = values[index] ?? null;
        return value === null ? [] : [svg("circle", { class: `s${number}`, cx: x, cy: this.scale.at(value), r: 3.5 })];
      }),
      svg("rect", { x: middle - 30, y: y - 12, width: 60, height: 16, rx: 3 }),
      svg("text", { class: "label", x: middle, y, "text-anchor": "middle" }, clock(1_000 * this.times[index])),
    ];
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

/** Say it, in the title too; aloud where it differs. */
function tell(level, words) {
  const verdict = document.getElementById("verdict");
  verdict.className = `pill ${level}`;
  if (verdict.textContent !== words) verdict.textContent = words;
  document.title = `feed: ${words}`;
}

function show(status, history) {
  const [level, words] = judge(status);
  document.body.classList.remove("stale");
  tell(level, words);
  const facts = {
    version: status.version,
    up: duration(status.uptime_s),
    source: status.sources.map((source) => source.name).join(", "),
    symbols: count(Object.values(status.symbols).reduce((sum, count) => sum + count, 0)),
    lanes: count(status.lanes),
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
  document.getElementById("asked").textContent = `asked at ${clockThere(Date.now())}`;
}

async function ask() {
  let next = 5000;
  try {
    const [status, history] = await Promise.all(
      ["v1/status", "v1/status/history"].map(async (path) => {
        const answer = await fetch(BASE + path, { cache: "no-store", signal: AbortSignal.timeout(1_000 * WITHIN_S) });
        if (answer.status === 401) throw new Error("a key or a token is due; sign in at the Desk");
        if (!answer.ok) throw new Error(`${path} answers ${answer.status}`);
        return answer.json();
      }),
    );
    show(status, history);
    if (!history.times.length) next = 1000; // the first sample is about to be taken
  } catch (error) {
    document.body.classList.add("stale"); // it is as of when it was asked last
    tell("bad", `no answer: ${problem(error, WITHIN_S)}`);
  }
  setTimeout(ask, next);
}

export const charts = CHARTS.map((chart) => new Chart(chart));
document.getElementById("charts").append(...charts.map((chart) => chart.figure));
ask();
