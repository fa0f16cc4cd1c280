import { describe, expect, test, vi } from "vitest";
import { Holds } from "../../src/client/holds.ts";
import { Sources } from "../../src/elements/sources.ts";
import { placeAfter, symbolsOf } from "../../src/elements/watchlist/symbols.ts";

describe("sources", () => {
  const make = () => new Sources((base, token) => ({ base, token, close: vi.fn() }));
  const token = () => "a";

  test("are one for each server and identity", () => {
    const sources = make();
    const first = sources.take("http://a/", undefined);
    expect(sources.take("http://a/", undefined)).toBe(first);
    expect(sources.take("http://b/", undefined)).not.toBe(first);
    const known = sources.take("http://a/", token);
    expect(known).not.toBe(first);
    expect(sources.take("http://a/", token)).toBe(known);
    expect(sources.take("http://a/", () => "a")).not.toBe(known);
  });

  test("are closed with the last that uses them, and made anew then", () => {
    const sources = make();
    const source = sources.take("http://a/", token);
    sources.take("http://a/", token);
    sources.release(source);
    expect(source.close).not.toHaveBeenCalled();
    sources.release(source);
    expect(source.close).toHaveBeenCalledOnce();
    expect(sources.peek("http://a/", token)).toBeUndefined();
    expect(sources.take("http://a/", token)).not.toBe(source);
  });
});

test("symbols are subscribed to by the first that holds them, and given back by the last", () => {
  const holds = new Holds();
  expect(holds.add({ trades: ["A", "B", "A"] })).toEqual({ trades: ["A", "B"] });
  expect(holds.add({ trades: ["B", "C"], quotes: ["B"] })).toEqual({
    trades: ["C"],
    quotes: ["B"],
  });
  expect(holds.remove({ trades: ["A", "B"] })).toEqual({ trades: ["A"] });
  expect(holds.remove({ trades: ["B", "C"], quotes: ["B"] })).toEqual({
    trades: ["B", "C"],
    quotes: ["B"],
  });
});

describe("a watchlist", () => {
  test("takes each symbol that it names once", () => {
    expect(symbolsOf(" AAPL, BTC/USD,,AAPL ,")).toEqual(["AAPL", "BTC/USD"]);
  });

  test.each([
    ["ArrowDown", 3, 4],
    ["ArrowDown", 19, 19],
    ["ArrowUp", 0, 0],
    ["PageDown", 3, 13],
    ["PageUp", 3, 0],
    ["Home", 7, 0],
    ["End", 7, 19],
    ["x", 7, undefined],
  ])("%s in row %d of 20 leads to %s", (key, from, to) => {
    expect(placeAfter(key, from, 20)).toBe(to);
  });
});
