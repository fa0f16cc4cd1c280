/**
 * Where the tiles of a heat map stand: a squarified treemap (Bruls, Huizing and van Wijk) of sectors.
 *
 * Symbols whose tiles would be too small to be read are one tile together. While symbols and frame are
 * the same, tiles keep their neighbours: they grow and shrink, and none jumps.
 */

import {
  type HierarchyNode,
  type HierarchyRectangularNode,
  hierarchy,
  treemap,
  treemapResquarify,
} from "d3-hierarchy";
import type { Measure, OverviewRow, OverviewSector } from "../../market/overview.ts";
import type { Box } from "./walk.ts";

export interface Tile extends Box {
  /** Undefined: those of the sector that are too small. */
  row: OverviewRow | undefined;
  /** How many symbols it stands for. */
  count: number;
}

export interface SectorTiles extends Box {
  sector: OverviewSector;
  /** The height of the line with its name; 0: there is no room for one. */
  head: number;
  tiles: Tile[];
}

/** The place that tiles have, in pixels. */
export interface Frame {
  width: number;
  height: number;
  /** The least area of a tile. */
  least: number;
  /** The height of a sector's line. */
  head: number;
}

const GAP = 2;
/** A sector that is lower or narrower than this many of its lines has none. */
const LOWEST = 3;
const NARROWEST = 4;

/** A node: everything, a sector, or what a tile shows. */
interface Datum {
  key: string;
  value: number;
  children?: Datum[];
  sector?: OverviewSector;
  row?: OverviewRow;
  count: number;
}

export class Treemap {
  #kept: { key: string; root: HierarchyNode<Datum> } | undefined;

  /** Lay out all that has a size; the largest first. */
  layOut(sectors: readonly OverviewSector[], measure: Measure, frame: Frame): SectorTiles[] {
    const data = dataOf(sectors, measure, frame);
    if (data.children?.length === 0 || frame.width <= 0 || frame.height <= 0) {
      return [];
    }
    const root = this.#rooted(data, measure, frame);
    const headOf = (node: HierarchyRectangularNode<Datum>) =>
      node.depth === 1 ? headIn(node.y1 - node.y0, node.x1 - node.x0, frame.head) : 0;
    const laidOut = treemap<Datum>()
      .tile(treemapResquarify)
      .size([frame.width, frame.height])
      .paddingInner(GAP)
      .paddingTop(headOf)(root);
    return (laidOut.children ?? []).map((node) => ({
      ...boxOf(node),
      sector: node.data.sector as OverviewSector,
      head: headOf(node),
      tiles: (node.children ?? []).map((leaf) => ({
        ...boxOf(leaf),
        row: leaf.data.row,
        count: leaf.data.count,
      })),
    }));
  }

  /** The nodes of before with other values, where they stand for the same; else new ones. */
  #rooted(data: Datum, measure: Measure, { width, height }: Frame): HierarchyNode<Datum> {
    const key = JSON.stringify([measure, width, height, namesOf(data)]);
    const root = this.#kept?.key === key ? this.#kept.root : undefined;
    if (root === undefined) {
      const made = hierarchy(data).sum(ownValue);
      made.sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
      this.#kept = { key, root: made };
      return made;
    }
    const news = new Map(leavesOf(data).map((leaf) => [leaf.key, leaf]));
    const newSectors = new Map((data.children ?? []).map((child) => [child.key, child]));
    for (const node of root.descendants()) {
      const known = node.children === undefined ? news : newSectors;
      node.data = known.get(node.data.key) ?? node.data;
    }
    return root.sum(ownValue);
  }
}

function ownValue({ value, children }: Datum): number {
  return children === undefined ? value : 0;
}

function boxOf({ x0, y0, x1, y1 }: HierarchyRectangularNode<Datum>): Box {
  return { x: x0, y: y0, width: x1 - x0, height: y1 - y0 };
}

function headIn(height: number, width: number, head: number): number {
  return height >= LOWEST * head && width >= NARROWEST * head ? head : 0;
}

function leavesOf({ children = [] }: Datum): Datum[] {
  return children.flatMap((child) => child.children ?? []);
}

/** What stands for what, whatever the order. */
function namesOf(data: Datum): string[] {
  return leavesOf(data)
    .map(({ key }) => key)
    .sort();
}

function dataOf(sectors: readonly OverviewSector[], measure: Measure, frame: Frame): Datum {
  // Where nobody may know how much was traded, all are alike.
  const isTold = sectors.some(({ symbols }) => symbols.some((row) => row[measure] !== null));
  const sized = sectors.map((sector) => ({
    sector,
    leaves: sector.symbols
      .map((row) => leafOf(sector, row, isTold ? (row[measure] ?? 0) : 1))
      .filter(({ value }) => value > 0),
  }));
  const all = total(sized.flatMap(({ leaves }) => leaves));
  const least = (frame.least / (frame.width * frame.height)) * all;
  const children = sized
    .filter(({ leaves }) => leaves.length > 0)
    .map(({ sector, leaves }) => ({
      key: sector.sector,
      value: 0,
      count: leaves.length,
      sector,
      children: folded(sector, leaves, least),
    }));
  return { key: "", value: 0, count: 0, children };
}

function leafOf({ sector }: OverviewSector, row: OverviewRow, value: number): Datum {
  return { key: `${sector}\n${row.symbol}`, value, row, count: 1 };
}

/** The leaves that are large enough, and one for all others, unless that is one. */
function folded({ sector }: OverviewSector, leaves: readonly Datum[], least: number): Datum[] {
  const small = leaves.filter(({ value }) => value < least);
  if (small.length < 2) {
    return [...leaves];
  }
  const large = leaves.filter(({ value }) => value >= least);
  return [...large, { key: `${sector}\n`, value: total(small), count: small.length }];
}

function total(leaves: readonly Datum[]): number {
  return leaves.reduce((sum, { value }) => sum + value, 0);
}
