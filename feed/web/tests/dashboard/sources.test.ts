/** What comes from several sources, in words: one that is down does not make all prices old. */

import { expect, test } from "vitest";
import type { ServerStatus, SourceStatus } from "../../src/dashboard/connection/server.ts";
import { downOf, isDown, namesOf, sourceWords } from "../../src/dashboard/connection/sources.ts";

const LIVE = { state: "live", reason: "" };
const DOWN = { state: "source_down", reason: "silent" };
const MD: SourceStatus = {
  name: "md",
  live: true,
  up: true,
  finished: false,
  last_error: "",
  feed: LIVE,
};

function server(feed: { state: string; reason: string }, ...sources: SourceStatus[]): ServerStatus {
  const first = sources[0] ?? MD;
  return {
    version: "1",
    pos: "a-1",
    source: first,
    sources,
    feed,
    symbols: {},
    ring: { capacity: 1, oldest_age_s: 1 },
    connections: {},
    ladder: {},
    resumes: {},
  };
}

test("one of two that is down is told, and prices come", () => {
  const status = server(LIVE, MD, { ...MD, name: "fx", feed: DOWN });
  expect(downOf(status)).toBeUndefined();
  expect(isDown(status)).toBe(true);
  expect(sourceWords(status)).toBe("md, fx · nothing comes: silent");
});

test("nothing comes where all are down, and what ended is no failure", () => {
  expect(downOf(server(DOWN, { ...MD, feed: DOWN }))).toBe("silent");
  const ended = { ...MD, name: "stdin", up: false, finished: true };
  expect(downOf(server(DOWN, ended))).toBe("finished");
  expect(isDown(server(LIVE, MD, ended))).toBe(false);
  expect(sourceWords(server(LIVE, MD, ended))).toBe("md, Standard input · ended");
});

test("both sides of a pair have one name, and older servers one source", () => {
  const pair = { of: "a+b" };
  const sides = server(LIVE, { ...MD, name: "a", pair }, { ...MD, name: "b", pair }, MD);
  expect([...namesOf(sides)]).toEqual(["a+b", "md"]);
  const { sources: _, ...older } = sides;
  expect([...namesOf(older)]).toEqual(["a+b"]);
});
