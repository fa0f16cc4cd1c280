/**
 * Alerts: rules of one's own, and what they tell when they fire.
 *
 *     const desk = alerts("http://127.0.0.1:8080");
 *     desk.on("firing", ({ symbol, seen }) => ring(symbol, seen));
 *     await desk.create({ symbol: "AAPL", field: "price", op: ">=", value: 200 });
 *
 * Firings are read over the connection of a `FeedClient`. The server tells each at least once, under
 * one id, until it is acknowledged; here each is given once.
 */

import { baseOf } from "../base.ts";
import { Caller } from "../caller.ts";
import type { Document } from "../calls.ts";
import { FeedClient, type FeedClientOptions } from "../client.ts";
import { Emitter } from "../emitter.ts";
import { type Environment, environment } from "../environment.ts";
import { Closed, type FeedError, Malformed } from "../errors.ts";
import { holdsOf } from "../holds.ts";
import type { Url } from "../platform.ts";
import { type AcknowledgedWord, type AlertWord, isDeskWord } from "../wire/deskwords.ts";
import { Firings } from "./firings.ts";

export type AlertField = "price" | "spread_bp" | "volume" | "health";
export type AlertOp = ">=" | "<=" | "crosses_above" | "crosses_below" | "moves_pct" | "is";

/** A rule as one writes it. */
export interface NewRule {
  symbol: string;
  field: AlertField;
  op: AlertOp;
  /** A number; of `health` "stale" or "halted". */
  value: number | string;
  /** Of `moves_pct` and of a volume: such as "5m". */
  window?: string;
  /** Fires once (default), or again when it was not so meanwhile, after `cooldown_s`. */
  once?: boolean;
  cooldown_s?: number;
  /** An RFC 3339 time. */
  expires?: string;
  webhook?: { url: string; secret?: string };
  note?: string;
}

/** A rule as the server has it. */
export interface Rule extends NewRule {
  id: string;
  [more: string]: unknown;
}

export interface AlertsOptions {
  /** The client whose connection firings come over; by default one of its own. */
  client?: FeedClient;
  credentials?: FeedClientOptions["credentials"];
  environment?: Partial<Environment>;
}

export interface AlertsEvents {
  /** A rule fired: each is told once. */
  firing: AlertWord;
  /** A firing was acknowledged, here or elsewhere. */
  acknowledged: AcknowledgedWord;
  /** Something went wrong that it survives. */
  problem: FeedError;
}

/** Read and make alerts of a server. Throws InvalidInput. */
export function alerts(url?: string | Url, options: AlertsOptions = {}): Alerts {
  return new Alerts(url, options);
}

const ALL_OF_ONES_OWN = { alerts: ["*"] };
const PATH = "v1/alerts";
const FIRINGS = "v1/firings";
/** Rules that are asked for at once: the most that a server answers. */
const PAGE = 1_000;

export class Alerts {
  readonly #emitter = new Emitter<AlertsEvents>();
  readonly #firings = new Firings();
  readonly #caller: Caller;
  readonly #client: FeedClient;
  readonly #isOwnClient: boolean;
  readonly #unlisten: (() => void)[];

  constructor(url: string | Url | undefined, options: AlertsOptions) {
    const { credentials, client } = options;
    const world = environment(options.environment);
    const base = baseOf(url, world);
    this.#caller = new Caller(base, credentials, world);
    this.#isOwnClient = client === undefined;
    this.#client =
      client ??
      new FeedClient({
        url: base,
        ...(credentials === undefined ? {} : { credentials }),
        ...(options.environment === undefined ? {} : { environment: options.environment }),
      });
    this.#unlisten = [
      this.#client.on("words", ({ words }) => {
        for (const word of words) {
          if (isDeskWord(word) && (word.T === "alert" || word.T === "acknowledged")) {
            this.#take(word);
          }
        }
      }),
      this.#client.on("problem", (error) => this.#emitter.emit("problem", error)),
    ];
    this.#client.subscribe(holdsOf(this.#client).add(ALL_OF_ONES_OWN)).catch((error: FeedError) => {
      if (!(error instanceof Closed)) {
        this.#emitter.emit("problem", error);
      }
    });
  }

  /** What fired and is not acknowledged, the oldest first. */
  get firings(): readonly AlertWord[] {
    return this.#firings.open;
  }

  /** Call `listener` for every event of this name; the returned function ends that. */
  on<Name extends keyof AlertsEvents>(
    name: Name,
    listener: (event: AlertsEvents[Name]) => void,
  ): () => void {
    return this.#emitter.on(name, listener);
  }

  /** Make a rule. Throws Refused, whose words say what is wrong with it, and Lost, as all below. */
  async create(rule: NewRule): Promise<Rule> {
    return ruleOf(await this.#caller.once({ method: "POST", path: PATH, body: rule }));
  }

  /** Return the rules of one's own, however many pages they are. */
  async list(): Promise<Rule[]> {
    const all: Rule[] = [];
    let query = `?limit=${PAGE}`;
    while (query !== "") {
      const answer = await this.#caller.once({ method: "GET", path: `${PATH}${query}` });
      const { rules, after } = answer;
      if (!Array.isArray(rules)) {
        throw new Malformed("a list of alerts has rules", answer);
      }
      all.push(...rules.map(ruleOf));
      query = typeof after === "string" ? `?limit=${PAGE}&after=${encodeURIComponent(after)}` : "";
    }
    return all;
  }

  /** Change some of a rule. */
  async change(id: string, changes: Partial<NewRule>): Promise<Rule> {
    return ruleOf(await this.#caller.once({ method: "PATCH", path: pathOf(id), body: changes }));
  }

  async remove(id: string): Promise<void> {
    await this.#caller.once({ method: "DELETE", path: pathOf(id) });
  }

  /** Say that one knows of a firing: it is not told any more. */
  async acknowledge(firing: string): Promise<void> {
    const path = `${FIRINGS}/${encodeURIComponent(firing)}/acknowledge`;
    await this.#caller.once({ method: "POST", path, body: {} });
  }

  close(): void {
    if (this.#caller.isClosed) {
      return;
    }
    for (const end of this.#unlisten) {
      end();
    }
    this.#caller.close();
    if (this.#isOwnClient) {
      this.#client.close();
    } else {
      this.#client.unsubscribe(holdsOf(this.#client).remove(ALL_OF_ONES_OWN));
    }
  }

  #take(word: AlertWord | AcknowledgedWord): void {
    if (this.#firings.take(word)) {
      if (word.T === "alert") {
        this.#emitter.emit("firing", word);
      } else {
        this.#emitter.emit("acknowledged", word);
      }
    }
  }
}

function pathOf(rule: string): string {
  return `${PATH}/${encodeURIComponent(rule)}`;
}

/** The rule of an answer, alone or as `rule`. */
function ruleOf(answer: Document): Rule {
  const rule = (answer["rule"] ?? answer) as Rule;
  if (typeof rule.id !== "string") {
    throw new Malformed("a rule has an id", answer);
  }
  return rule;
}
