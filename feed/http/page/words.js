// Numbers and times in words, as all plain pages write them.

export function round(value) {
  return Number(value.toPrecision(value >= 100 ? 4 : 3)).toLocaleString("en");
}

const PREFIXES = ["", "k", "M", "G", "T"];
export const scaled = (unit) => (value) => {
  const step = value < 1000 ? 0 : Math.min(PREFIXES.length - 1, Math.floor(Math.log10(value) / 3));
  return `${round(value / 1000 ** step)} ${PREFIXES[step]}${unit}`.trim();
};
export const count = scaled("");
export const bytes = scaled("B");

// How many of a unit are one of the next: a minute is 60 s, and nothing is 8.78 min.
const UNITS = [["d", 86_400], ["h", 3_600], ["min", 60], ["s", 1]];

/** A while, in the two largest of its units. */
export function duration(seconds) {
  if (seconds === 0) return "0 s";
  if (seconds < 1e-3) return `${round(seconds * 1e6)} µs`;
  if (seconds < 1) return `${round(seconds * 1e3)} ms`;
  if (seconds < 60) return `${round(seconds)} s`;
  let left = Math.round(seconds);
  const words = [];
  for (const [unit, length] of UNITS) {
    const whole = Math.floor(left / length);
    left -= whole * length;
    if (whole > 0) words.push(`${whole} ${unit}`);
    else if (words.length > 0) break;
    if (words.length === 2) break;
  }
  return words.join(" ");
}

const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
const formats = new Map();

/** The time zone that was chosen at the desk; undefined: the browser's. See look.js. */
export const zone = () => globalThis.document?.documentElement.dataset.zone;

/** A time of day, of 24 hours. */
export function clock(time, timeZone = zone()) {
  if (!formats.has(timeZone)) formats.set(timeZone, new Intl.DateTimeFormat(undefined, { ...CLOCK, timeZone }));
  return formats.get(timeZone).format(new Date(time));
}

/** A time of day, and where it is that, unless here: `14:30:05 New York`. */
export function clockThere(time, timeZone = zone()) {
  const place = timeZone?.split("/").at(-1).replaceAll("_", " ");
  return `${clock(time, timeZone)}${place ? ` ${place}` : ""}`;
}

/** What went wrong with a question that was given so many seconds. */
export function problem(error, seconds) {
  return error.name === "TimeoutError" ? `nothing came within ${seconds} s` : error.message;
}
