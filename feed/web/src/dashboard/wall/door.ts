/** The door to the wall, which is loaded when somebody goes there first. */

import type { Painter } from "../../elements/painter.ts";
import type { Directory } from "../../market/directory.ts";
import type { Market } from "../../market/market.ts";
import type { Currency } from "../connection/currency.ts";
import { layers } from "../ui/layers.ts";
import type { Wall } from "./wall.ts";

export interface WallParts {
  painter: Painter;
  market: Market;
  directory: Directory;
  /** The symbols of the list, as they are shown. */
  symbols(): readonly string[];
  chosen(): string | undefined;
  choose(symbol: string): void;
  /** Load the days of these symbols, too. */
  load(symbols: readonly string[]): void;
  currency(): Currency | undefined;
  /** Type is of another size. */
  resized(): void;
  /** What the address tells differs. */
  changed(): void;
  /** Tell what happened. */
  warn(words: string): void;
}

export class WallDoor {
  readonly #parts: WallParts;
  #wall: Promise<Wall> | undefined;
  #seconds: number | undefined;
  #away = () => {};

  constructor(parts: WallParts) {
    this.#parts = parts;
  }

  /** As the address has it: 1 for a wall of one symbol, or the seconds for each; undefined: none. */
  get seconds(): number | undefined {
    return this.#seconds;
  }

  get isOn(): boolean {
    return this.#seconds !== undefined;
  }

  /** Go to the wall. */
  show(seconds: number): void {
    this.#away();
    this.#away = layers.add(() => this.leave());
    this.#seconds = seconds;
    this.#parts.changed();
    void this.#begin();
  }

  /** Go back to the desk. */
  leave(): void {
    this.#away();
    this.#seconds = undefined;
    this.#parts.changed();
    void this.#wall?.then((wall) => wall.end());
  }

  async #begin(): Promise<void> {
    this.#wall ??= import("./wall.ts").then(
      ({ Wall }) => new Wall(this.#parts, () => this.leave()),
    );
    try {
      const wall = await this.#wall;
      if (this.#seconds !== undefined) {
        wall.begin(this.#seconds);
      }
    } catch (error) {
      this.#wall = undefined; // the next one tries again
      this.leave();
      this.#parts.warn(`The wall could not be loaded: ${(error as Error).message}`);
    }
  }
}
