/** Bars, trades and statuses for tests, at seconds from a time. */

import type { Bar, Status, Trade } from "../../src/client/index.ts";
import type { Candle } from "../../src/market/openbar.ts";
import { trade } from "./feed.ts";

export const T0 = Date.parse("2026-01-02T00:00:00Z") / 1_000;

export function at(seconds: number): string {
  return new Date((T0 + seconds) * 1_000).toISOString();
}

export function bar(seconds: number, close: number, more: Partial<Bar> = {}): Bar {
  const prices = { o: close, h: close, l: close, c: close, vw: close };
  return { T: "b", S: "A", ...prices, v: 10, n: 1, t: at(seconds), ...more };
}

export function tradeAt(seconds: number, price: number, more: Partial<Trade> = {}): Trade {
  return { ...(trade("A", 1) as Trade), p: price, s: 10, t: at(seconds), ...more };
}

export function status(seconds: number, code: string, reason = ""): Status {
  return { T: "s", S: "A", sc: code, sm: "Trading Halt", rc: "", rm: reason, t: at(seconds) };
}

export function candle(seconds: number, close: number, more: Partial<Candle> = {}): Candle {
  const prices = { open: close, high: close, low: close, close };
  return { time: T0 + seconds, ...prices, volume: 10, turnover: 10 * close, ...more };
}
