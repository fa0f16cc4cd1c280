import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Final, Waiting } from "../../src/market/waiting.ts";

const HUNDRED = Array.from({ length: 100 }, (_, place) => `S${place}`);

describe("what is asked for of many symbols", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("what is seen comes at once and first, what is not one after the other with pauses", async () => {
    const asked: string[] = [];
    const waiting = new Waiting(async (symbol) => void asked.push(symbol));
    waiting.expect(HUNDRED);
    waiting.request(["AAPL", "MSFT", "TSLA"]);
    await vi.advanceTimersByTimeAsync(0);
    expect(asked).toEqual(["S0", "AAPL", "MSFT", "TSLA"]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(asked.slice(4)).toEqual(["S1", "S2", "S3", "S4", "S5"]);
  });

  test("what is needed, to sort by it, is asked for without pauses, each once", async () => {
    const asked: string[] = [];
    const waiting = new Waiting(async (symbol) => void asked.push(symbol));
    waiting.expect(HUNDRED, true);
    await vi.advanceTimersByTimeAsync(0);
    expect(asked).toEqual(HUNDRED);
    waiting.expect(HUNDRED, true);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(asked).toEqual(HUNDRED);
  });

  test("what failed is asked for again after a while, unless that is for good", async () => {
    const asked: string[] = [];
    const errors = [new Error("away"), new Final("not granted")];
    const waiting = new Waiting(async (symbol) => {
      asked.push(symbol);
      const error = errors.shift();
      if (error !== undefined) {
        throw error;
      }
    });
    waiting.request(["A", "B", "C"]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(asked).toEqual(["A", "B", "C"]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toEqual(["A", "B", "C", "A"]);
  });
});
