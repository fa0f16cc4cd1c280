/**
 * RFC 3339 times with nanoseconds: to milliseconds, to nanoseconds, and back.
 *
 * Ticks of one second share their first 19 characters, so the whole second is parsed (or written)
 * once and the fraction by hand: 60 ns a tick instead of 350 (measured in Node 20).
 */

import { InvalidInput } from "../errors.ts";

const SECONDS_LENGTH = "2026-01-02T03:04:05".length;
const SHAPE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/;

let parsedPrefix = "";
let parsedSecondMs = 0;
let writtenSecond = Number.NaN;
let writtenPrefix = "";

/**
 * Milliseconds since the Unix epoch, with the fraction that a double still holds (about 0.2 µs).
 * NaN for other texts.
 */
export function timeMs(text: string): number {
  const prefix = text.slice(0, SECONDS_LENGTH);
  if (prefix !== parsedPrefix) {
    if (!SHAPE.test(text)) {
      return Number.NaN;
    }
    parsedSecondMs = Date.parse(`${prefix}Z`);
    parsedPrefix = prefix;
  }
  return parsedSecondMs + Number(text.slice(SECONDS_LENGTH, -1)) * 1000;
}

/**
 * Nanoseconds since the Unix epoch, exact.
 *
 * Throws InvalidInput for other texts.
 */
export function timeNs(text: string): bigint {
  if (!SHAPE.test(text)) {
    throw new InvalidInput("time", text, "RFC 3339 in UTC, such as 2026-01-02T03:04:05.123456789Z");
  }
  const seconds = BigInt(Date.parse(`${text.slice(0, SECONDS_LENGTH)}Z`) / 1_000);
  const fraction = text.slice(SECONDS_LENGTH + 1, -1).padEnd(9, "0");
  return seconds * 1_000_000_000n + BigInt(fraction);
}

/** Write seconds and nanoseconds since the Unix epoch as RFC 3339 with nine digits. */
export function formatTime(seconds: number, nanoseconds: number): string {
  if (seconds !== writtenSecond) {
    writtenPrefix = new Date(seconds * 1000).toISOString().slice(0, SECONDS_LENGTH);
    writtenSecond = seconds;
  }
  return `${writtenPrefix}.${String(nanoseconds).padStart(9, "0")}Z`;
}
