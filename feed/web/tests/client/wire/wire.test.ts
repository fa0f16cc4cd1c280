import { describe, expect, test } from "vitest";
import { InvalidInput, LimitExceeded, Malformed } from "../../../src/client/errors.ts";
import { Control } from "../../../src/client/wire/control.ts";
import { distance, parsePosition } from "../../../src/client/wire/position.ts";
import { Progress } from "../../../src/client/wire/progress.ts";
import { MAX_ENTRIES, Selection } from "../../../src/client/wire/selection.ts";
import type { Message } from "../../../src/client/wire/ticks.ts";
import { formatTime, timeMs, timeNs } from "../../../src/client/wire/time.ts";
import { trade } from "../../support/feed.ts";

describe("time", () => {
  test.each([
    ["2026-01-02T03:04:05Z", 1_767_323_045_000, 1_767_323_045_000_000_000n],
    ["2026-01-02T03:04:05.5Z", 1_767_323_045_500, 1_767_323_045_500_000_000n],
    ["2026-01-02T03:04:05.123456789Z", 1_767_323_045_123.4568, 1_767_323_045_123_456_789n],
    ["1969-12-31T23:59:59.5Z", -500, -500_000_000n],
  ])("%s is read to the nanosecond", (text, ms, ns) => {
    expect(timeMs(text)).toBeCloseTo(ms, 3);
    expect(timeNs(text)).toBe(ns);
  });

  test("what is no time is NaN, or refused where it must be exact", () => {
    expect(timeMs("yesterday")).toBeNaN();
    expect(timeMs("2026-01-02T03:04:05.12x4Z")).toBeNaN();
    expect(() => timeNs("2026-01-02 03:04:05")).toThrow(InvalidInput);
  });

  test("written times have nine digits", () => {
    expect(formatTime(1_767_323_045, 7)).toBe("2026-01-02T03:04:05.000000007Z");
  });
});

describe("position", () => {
  test("is an epoch and a sequence", () => {
    expect(parsePosition("k3x-42")).toEqual({ epoch: "k3x", sequence: 42 });
  });

  test.each(["", "42", "k3x-", "k3x-042", "K3X-1", "k3x--1", "k3x-1 "])("%j is none", (text) => {
    expect(() => parsePosition(text)).toThrow(InvalidInput);
  });

  test("the distance across epochs is not known", () => {
    expect(distance("a-1", "a-7")).toBe(6);
    expect(distance("a-1", "b-7")).toBeUndefined();
  });
});

describe("selection", () => {
  const both = Selection.of({ trades: ["AAPL", "MSFT"], quotes: ["*"] });

  test("includes a tick by channel and symbol, and all by a star", () => {
    expect(both.includes(trade("AAPL", 1))).toBe(true);
    expect(both.includes(trade("TSLA", 1))).toBe(false);
    expect(both.includes({ ...trade("TSLA", 1), T: "q" } as never)).toBe(true);
  });

  test("adding and removing are inverse", () => {
    const more = both.with(Selection.of({ trades: ["TSLA"] }));
    expect(more.entries).toBe(4);
    expect(more.without(Selection.of({ trades: ["TSLA"] })).equals(both)).toBe(true);
  });

  test("of nothing is equal to nothing", () => {
    expect(both.without(both).equals(Selection.NOTHING)).toBe(true);
    expect(both.equals(Selection.of({ trades: ["AAPL"], quotes: ["AAPL", "MSFT"] }))).toBe(false);
  });

  test("refuses an unknown channel, and what is no symbol, by name", () => {
    expect(() => Selection.of({ trade: ["AAPL"] } as never)).toThrow(
      /channel: "trade".*trades, quotes/,
    );
    for (const symbol of ["A,B", "A*", "A?", "[A]", " A", "A ", "", "A\n", "A\u00a0B", "\u200b"]) {
      expect(() => Selection.of({ trades: ["AAPL", symbol] })).toThrow(
        `trades: ${JSON.stringify(symbol)}`,
      );
    }
    expect(() => Selection.of({ trades: ["\u{1F680}".repeat(65)] })).toThrow(InvalidInput);
  });

  test("takes symbols of real markets, as they are, and encodes them in queries", () => {
    const symbols = [
      ...["I:SPX", "^GSPC", "AAPL  240119C00150000", "BTC-27JUN25-100000-C-USDT", "贵州茅台"],
      ...["A%2FB&c=d#e;f+g", "\u{1F680}".repeat(64)],
    ];
    const query = new URLSearchParams();
    Selection.of({ trades: symbols }).appendTo(query);
    expect(new URLSearchParams(query.toString()).get("trades")?.split(",").sort()).toEqual(
      symbols.sort(),
    );
  });

  test("is bounded", () => {
    const many = Selection.of({ trades: Array.from({ length: MAX_ENTRIES }, (_, i) => `S${i}`) });
    expect(() => many.with(Selection.of({ trades: ["TSLA"] }))).toThrow(LimitExceeded);
  });
});

describe("progress", () => {
  const mark = (pos: string): Message => ({ T: "mark", pos });
  const at = (position: string) => {
    const progress = new Progress();
    progress.moveTo(position);
    return progress;
  };

  test("a mark, an id and the end of a snapshot move it; ticks alone do not", () => {
    const progress = new Progress();
    progress.advance([trade("A", 1)], undefined);
    expect(progress.position).toBeUndefined();
    progress.advance([trade("A", 1), mark("e-1")], undefined);
    expect(progress.position).toBe("e-1");
    progress.advance([trade("A", 2)], "e-2");
    expect(progress.position).toBe("e-2");
    progress.advance([{ T: "snapshot", state: "begin", pos: "e-9" }], undefined);
    expect(progress.position).toBe("e-2");
    progress.advance([{ T: "snapshot", state: "end", pos: "e-9" }], undefined);
    expect(progress.position).toBe("e-9");
  });

  test("an epoch that changes in silence is told as a gap", () => {
    const messages = at("a-7").advance([trade("A", 1), mark("b-3")], undefined);
    expect(messages[0]).toEqual({ T: "gap", from: "a-7", to: "b-3", reason: "epoch" });
  });

  test("an epoch that the server told of is not told twice", () => {
    const progress = at("a-7");
    progress.advance([{ T: "gap", from: "a-7", to: "b-3", reason: "epoch" }], undefined);
    const messages = [trade("A", 4), mark("b-4")];
    expect(progress.advance(messages, undefined)).toBe(messages);
  });

  test("ticks of a frame that goes back are dropped and counted", () => {
    const progress = at("a-7");
    expect(progress.advance([trade("A", 3), trade("A", 4), mark("a-4")], undefined)).toEqual([
      mark("a-4"),
    ]);
    expect(progress.duplicates).toBe(2);
    expect(progress.position).toBe("a-7");
  });

  test("a lost position becomes a gap once the next one is known", () => {
    const progress = at("a-7");
    progress.lose("malformed");
    expect(progress.position).toBeUndefined();
    const [gap] = progress.advance([mark("a-12")], undefined);
    expect(gap).toEqual({ T: "gap", from: "a-8", to: "a-12", reason: "malformed" });
  });

  test("a position that cannot be read is refused", () => {
    expect(() => at("a-7").advance([mark("nowhere")], undefined)).toThrow(Malformed);
  });
});

describe("control", () => {
  const request = {
    base: "http://127.0.0.1",
    codec: "json",
    selection: Selection.of({ trades: ["AAPL"] }),
    after: "e-7",
    snapshot: false,
    conflate: { quotes: "250ms" },
    last: 5,
    onLag: "conflate",
    fields: ["p", "t"],
    compress: false,
    credentials: { key: "k", secret: "s" },
  } as const;

  test("the first messages carry everything that was asked for", () => {
    const sent = JSON.parse(JSON.stringify(new Control(request).begin(1)));
    expect(sent).toEqual([
      { action: "auth", key: "k", secret: "s" },
      {
        action: "subscribe",
        trades: ["AAPL"],
        marks: true,
        after: "e-7",
        conflate: { quotes: "250ms" },
        last: 5,
        on_lag: "conflate",
        fields: ["p", "t"],
        compress: false,
      },
    ]);
  });

  test("a change sends the difference, and nothing when there is none", () => {
    const control = new Control(request);
    control.begin(1);
    const sent = control.change(Selection.of({ quotes: ["*"] }), 2);
    expect(JSON.parse(JSON.stringify(sent))).toEqual([
      { action: "subscribe", quotes: ["*"], snapshot: true, conflate: { quotes: "250ms" } },
      { action: "unsubscribe", trades: ["AAPL"] },
    ]);
    expect(control.change(Selection.of({ quotes: ["*"] }), 3)).toEqual([]);
  });

  test("answers come in the order of the messages", () => {
    const control = new Control(request);
    control.begin(1);
    control.change(Selection.of({ quotes: ["*"] }), 2);
    expect([control.answer(), control.answer(), control.answer(), control.answer()]).toEqual([
      1,
      2,
      2,
      undefined,
    ]);
  });
});
