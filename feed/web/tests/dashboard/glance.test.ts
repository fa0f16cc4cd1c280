/** The decisions of the market at a glance: words, steps of colours, tiles, and walking them. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { alongRow } from "../../src/dashboard/glance/roving.ts";
import { LEGEND, stepOf } from "../../src/dashboard/glance/steps.ts";
import { sizeOf } from "../../src/dashboard/glance/tilesize.ts";
import { type SectorTiles, Treemap } from "../../src/dashboard/glance/treemap.ts";
import { type Box, neighbour } from "../../src/dashboard/glance/walk.ts";
import {
  breadthWords,
  percentWords,
  rowHint,
  sectorWords,
  shares,
  shortPercentWords,
  signOf,
  tileWords,
} from "../../src/dashboard/glance/words.ts";
import type { OverviewRow, OverviewSector } from "../../src/market/overview.ts";

function row(symbol: string, volume: number, more: Partial<OverviewRow> = {}): OverviewRow {
  const numbers = { last: 101.2, open: 100, change_percent: 1.2, trades: 1_200 };
  return { symbol, name: "", volume, turnover: volume * 100, ...numbers, ...more };
}

function sector(name: string, ...symbols: OverviewRow[]): OverviewSector {
  const volume = symbols.reduce((sum, each) => sum + (each.volume ?? 0), 0);
  return { sector: name, change_percent: -0.5, volume, symbols, omitted: 0 };
}

describe("words", () => {
  test("of a tile have its sign, and what it is as large as", () => {
    expect(tileWords(row("AAPL", 1_234_567), "volume")).toBe("AAPL +1.2 %, volume 1.2M");
    const fallen = row("KO", 10, { change_percent: -0.004, turnover: 25_000 });
    expect(tileWords(fallen, "turnover")).toBe("KO 0.0 %, turnover 25K");
    expect(percentWords(-3.456)).toBe("−3.46 %");
    expect([0.04, -0.05, 1.25].map(shortPercentWords)).toEqual(["0.0 %", "−0.1 %", "+1.3 %"]);
    expect([2, -2, 0.001].map(signOf)).toEqual(["▲", "▼", "="]);
    const secret = row("AAPL", 1, { volume: null, turnover: null, trades: null });
    expect(tileWords(secret, "volume")).toBe("AAPL +1.2 %, volume –");
    expect(rowHint(secret, 2)).toBe("AAPL · 101.20 · +1.20 % since the open");
  });

  test("of a symbol tell all of it", () => {
    const apple = row("AAPL", 12, { name: "Apple Inc.", last: 1.5, trades: 1 });
    expect(rowHint(apple, 4)).toBe(
      "Apple Inc. · 1.5000 · +1.20 % since the open · volume 12 · turnover 1,200 · trades 1",
    );
  });

  test("of a sector, and of breadth", () => {
    expect(sectorWords(sector("Energy"))).toBe("Energy −0.50 %");
    expect(sectorWords(sector(""))).toBe("No sector −0.50 %");
    const breadth = { advancers: 3, decliners: 1, unchanged: 0, untraded: 2 };
    expect(breadthWords(breadth)).toBe("3 up, 1 down, 0 unchanged, 2 not traded");
    expect(shares(breadth)).toEqual({ up: 0.75, down: 0.25 });
    expect(shares({ ...breadth, advancers: 0, decliners: 0 })).toEqual({ up: 0, down: 0 });
  });
});

describe("a step", () => {
  test.each([
    [0, "flat"],
    [0.49, "flat"],
    [-0.49, "flat"],
    [0.5, "up-1"],
    [-0.5, "down-1"],
    [1.5, "up-2"],
    [-2.99, "down-2"],
    [3, "up-3"],
    [-40, "down-3"],
  ])("of %d per cent is %s", (percent, step) => {
    expect(stepOf(percent)).toBe(step);
  });

  test("is in the legend, and has its colours", () => {
    const css = new URL("../../src/dashboard/styles/glance.css", import.meta.url);
    const sheet = readFileSync(css, "utf8");
    for (const { step, label } of LEGEND) {
      expect(sheet).toContain(`[data-step="${step}"] {`);
      expect(label).toMatch(/^([≤≥] )?[−+]?[\d.]+ %$/);
    }
  });
});

const FRAME = { width: 800, height: 400, least: 1_000, head: 20 };

/** Tiles with their symbols, "+n" for those that stand for several. */
function named(sectors: readonly SectorTiles[]): Map<string, Box> {
  const tiles = sectors.flatMap(({ tiles: all, sector: { sector: name } }) =>
    all.map(
      ({ row: own, count, ...box }) => [own?.symbol ?? `${name} +${count}`, box as Box] as const,
    ),
  );
  return new Map(tiles);
}

describe("a treemap", () => {
  const sectors = [
    sector("Small", row("S", 10)),
    sector("Large", row("A", 60), row("B", 20), row("C", 10), row("NONE", 0)),
  ];

  test("gives each symbol that traded an area like its size, in its sector, within the frame", () => {
    const laidOut = new Treemap().layOut(sectors, "volume", { ...FRAME, head: 0 });
    expect(laidOut.map(({ sector: each }) => each.sector)).toEqual(["Large", "Small"]);
    const tiles = named(laidOut);
    expect([...tiles.keys()]).toEqual(["A", "B", "C", "S"]);
    const area = (name: string) => {
      const { width = 0, height = 0 } = tiles.get(name) ?? {};
      return width * height;
    };
    expect(area("A") / area("B")).toBeCloseTo(3, 0);
    expect(area("A")).toBeGreaterThan(0.55 * 800 * 400);
    for (const { x, y, width, height } of [...laidOut, ...tiles.values()]) {
      expect(Math.min(x, y, 800 - x - width, 400 - y - height)).toBeGreaterThanOrEqual(-0.001);
    }
  });

  test("leaves room for the names of sectors that have some", () => {
    const [large, small] = new Treemap().layOut(sectors, "volume", FRAME);
    expect(large?.head).toBe(20);
    expect(large?.tiles.every(({ y }) => y >= 20)).toBe(true);
    const narrow = new Treemap().layOut(sectors, "volume", { ...FRAME, height: 50 });
    expect(narrow.every(({ head }) => head === 0)).toBe(true);
    expect(small?.tiles).toHaveLength(1);
  });

  test("puts what is too small together, and one that is alone stays itself", () => {
    const many = Array.from({ length: 20 }, (_, place) => row(`M${place}`, 1));
    const crowded = [sector("Large", row("A", 10_000), ...many), sector("Odd", row("ODD", 1))];
    expect([...named(new Treemap().layOut(crowded, "volume", FRAME)).keys()]).toEqual([
      "A",
      "Large +20",
      "ODD",
    ]);
  });

  test("keeps neighbours while sizes change, but not for others or in another frame", () => {
    const treemap = new Treemap();
    treemap.layOut(sectors, "volume", FRAME);
    const [small, large] = sectors as [OverviewSector, OverviewSector];
    const grown = { ...large, symbols: [row("A", 30), row("B", 60), row("C", 10)] };
    const kept = [...named(treemap.layOut([small, grown], "volume", FRAME)).keys()];
    expect(kept).toEqual(["A", "B", "C", "S"]);
    const turned = treemap.layOut([small, grown], "volume", { ...FRAME, width: 801 });
    expect([...named(turned).keys()][0]).toBe("B");
  });

  test("shows news of what it kept", () => {
    const treemap = new Treemap();
    treemap.layOut([sector("One", row("A", 1))], "volume", FRAME);
    const news = treemap.layOut([sector("One", row("A", 2, { trades: 9 }))], "volume", FRAME);
    expect(news[0]?.tiles[0]?.row?.trades).toBe(9);
    expect(news[0]?.sector.volume).toBe(2);
  });

  test("of what nobody may know has tiles that are alike", () => {
    const secret = { volume: null, turnover: null, trades: null };
    const market = [sector("One", row("A", 0, secret), row("B", 0, secret))];
    const [a, b] = [...named(new Treemap().layOut(market, "volume", FRAME)).values()];
    expect(a?.width).toBeCloseTo(b?.width ?? 0);
  });

  test("of nothing, or in no room, is empty", () => {
    const treemap = new Treemap();
    expect(treemap.layOut([], "volume", FRAME)).toEqual([]);
    expect(treemap.layOut([sector("One", row("A", 0))], "turnover", FRAME)).toEqual([]);
    expect(treemap.layOut(sectors, "volume", { ...FRAME, width: 0 })).toEqual([]);
  });
});

test.each([
  [140, 90, "large"],
  [100, 60, "usual"],
  [60, 60, "small"],
  [300, 30, "low"],
  [60, 30, "narrow"],
  [40, 300, "narrow"],
])("a tile of %i × %i is %s", (width, height, size) => {
  expect(sizeOf({ width, height }, 20)).toBe(size);
});

describe("arrows", () => {
  // A tall one at the left, two beside it, one of them over the other.
  const boxes = [
    { x: 0, y: 0, width: 100, height: 100 },
    { x: 102, y: 0, width: 50, height: 49 },
    { x: 102, y: 51, width: 50, height: 49 },
    { x: 154, y: 0, width: 50, height: 100 },
  ];

  test.each([
    [0, "ArrowRight", 1],
    [1, "ArrowDown", 2],
    [2, "ArrowUp", 1],
    [2, "ArrowRight", 3],
    [1, "ArrowLeft", 0],
    [3, "ArrowLeft", 1],
    [0, "ArrowLeft", 0],
    [0, "ArrowUp", 0],
    [0, "a", 0],
    [9, "ArrowUp", 9],
  ])("from %i by %s lead to %i", (from, key, to) => {
    expect(neighbour(boxes, from, key)).toBe(to);
  });

  test("reach every tile of a treemap", () => {
    const many = Array.from({ length: 40 }, (_, place) => row(`M${place}`, 40 - place));
    const sectors = [sector("One", ...many.slice(0, 25)), sector("Two", ...many.slice(25))];
    const tiles = [...named(new Treemap().layOut(sectors, "volume", FRAME)).values()];
    const reached = new Set([0]);
    for (const place of reached) {
      for (const key of ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]) {
        reached.add(neighbour(tiles, place, key));
      }
    }
    expect(reached.size).toBe(tiles.length);
  });

  test("along a row end at its ends", () => {
    expect([alongRow(0, "ArrowLeft", 3), alongRow(1, "ArrowDown", 3)]).toEqual([0, 2]);
    expect([alongRow(2, "ArrowRight", 3), alongRow(2, "x", 3)]).toEqual([2, undefined]);
  });
});
