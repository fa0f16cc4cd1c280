/**
 * What all elements have in common: which server and symbol, whose token, what is said beside prices.
 *
 * An attribute, a property or the place in a page may change at any time, several of them at once;
 * what follows from it is done once, soon after.
 */

import { baseOf } from "../client/base.ts";
import { environment } from "../client/environment.ts";
import { isSymbol, type Symbols, type Tick } from "../client/index.ts";
import { HERE, Zone } from "../market/zone.ts";
import { make, setData, Text } from "./dom.ts";
import { type Notice, noticeOf, type Shown } from "./notice.ts";
import { type Source, sources, type User } from "./source.ts";
import type { TokenCallback } from "./sources.ts";
import { BASE } from "./styles.ts";

// Where there are no pages, programs import us for our types only, or to render on a server.
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

/** The module that a server offers to pages; it stands where the server's paths begin. */
const MODULE = /\/elements\.js(\?.*)?$/;
let ownServer: string | undefined;

/** Read from the server that a module came from, where an element names none. */
export function readFromServerOf(moduleUrl: string): void {
  if (/^https?:/.test(moduleUrl) && MODULE.test(moduleUrl)) {
    ownServer = moduleUrl.replace(MODULE, "/");
  }
}

/** A source as it is used by one element. */
interface Use {
  source: Source;
  giveBack(): void;
}

export abstract class FeedElement extends Base implements User {
  static observedAttributes: string[] = ["server", "symbol", "timezone"];
  /** Properties that a page may set before this module is there. */
  protected static readonly properties: readonly string[] = [
    ...["server", "symbol", "timezone"],
    ...["token", "source"],
  ];

  protected readonly root: ShadowRoot;
  /** What is said beside the prices; screen readers hear of it when it changes. */
  protected readonly notice = make("span", { class: "notice", role: "status", part: "notice" });
  readonly #noticeText = new Text();
  readonly #internals: ElementInternals;
  #condition: string | undefined;
  #token: TokenCallback | undefined;
  #lent: Source | undefined;
  #use: Use | undefined;
  #key = "";
  #isDue = false;
  #zone = HERE;
  /** Why the time zone is none, in words; "" where it is one. */
  #zoneProblem = "";
  readonly #paint = (nowMs: number) => this.#paintAll(nowMs);

  constructor(...sheets: (CSSStyleSheet | undefined)[]) {
    super();
    this.root = this.attachShadow({ mode: "open" });
    this.root.adoptedStyleSheets = [BASE, ...sheets].filter((some) => some !== undefined);
    this.#internals = this.attachInternals();
    this.notice.append(this.#noticeText.node);
  }

  /** The server's address; by default the one that `/elements.js` came from, else the page's. */
  get server(): string {
    return this.getAttribute("server") ?? ownServer ?? location.origin;
  }

  set server(url: string) {
    this.setAttribute("server", url);
  }

  get symbol(): string {
    return this.getAttribute("symbol")?.trim() ?? "";
  }

  set symbol(symbol: string) {
    this.setAttribute("symbol", symbol);
  }

  /** The time zone of its times, such as "America/New_York"; "" for that of the browser. */
  get timezone(): string {
    return this.getAttribute("timezone")?.trim() ?? "";
  }

  set timezone(name: string) {
    this.setAttribute("timezone", name);
  }

  /**
   * A function that returns the token by which the server knows who reads. It is asked for each
   * connection. Elements with the same function share one client. Never an attribute: those are
   * read by everything in the page, and end up in its copies.
   */
  get token(): TokenCallback | undefined {
    return this.#token;
  }

  set token(token: TokenCallback | undefined) {
    if (token !== undefined && token !== null && typeof token !== "function") {
      throw new TypeError(`token: ${typeof token} is not accepted; accepted: a function`);
    }
    this.#token = token ?? undefined;
    this.#schedule();
  }

  /**
   * A source that the page has already, with its own client; else it is that of the server. Such a page
   * tells those who listen of its prices itself, and once.
   */
  set source(source: Source | undefined) {
    this.#lent = source;
    this.notice.role = source === undefined ? "status" : null;
    this.#schedule();
  }

  /** Where it reads from; undefined while it shows nothing. */
  protected get used(): Source | undefined {
    return this.#use?.source;
  }

  connectedCallback(): void {
    for (const name of (this.constructor as typeof FeedElement).properties) {
      if (Object.hasOwn(this, name)) {
        const value: unknown = Reflect.get(this, name);
        Reflect.deleteProperty(this, name);
        Reflect.set(this, name, value);
      }
    }
    this.#schedule();
  }

  disconnectedCallback(): void {
    this.#schedule();
  }

  attributeChangedCallback(name?: string): void {
    if (name === "timezone") {
      this.#takeZone();
    }
    this.#schedule();
  }

  /** The symbols that it shows. */
  protected abstract named(): readonly string[];
  /** What it holds of them. */
  protected abstract wants(symbols: readonly string[]): Symbols;
  /** Begin with other symbols, or another source. */
  protected abstract begin(source: Source, symbols: readonly string[]): void;
  /** Draw what changed; tell whether there is more to do in the next frame. */
  protected abstract paint(nowMs: number): boolean;
  /** What is known of its symbol; undefined where it shows several. */
  protected abstract shown(): Shown | undefined;

  /** What is said where nothing is to come, since it is not granted. */
  protected denial(): string | undefined {
    return undefined;
  }

  /** Nothing is shown any more, or something else will be. */
  protected end(): void {}
  take(_ticks: readonly Tick[], _isSnapshot: boolean): void {}
  gap(_missing: number | undefined): void {}
  restart(): void {}

  protected get zone(): Zone {
    return this.#zone;
  }

  /** Write all times anew: they are of another zone. */
  protected rezoned(): void {}

  /** Begin anew: something else than the server and the symbols differs. */
  protected again(): void {
    this.#key = "";
    this.#schedule();
  }

  changed(): void {
    this.used?.painter.request();
  }

  #takeZone(): void {
    this.#zoneProblem = "";
    try {
      this.#zone = this.timezone === "" ? HERE : new Zone(this.timezone);
    } catch (error) {
      this.#zoneProblem = (error as Error).message;
    }
    this.rezoned();
    this.changed();
  }

  #schedule(): void {
    if (!this.#isDue) {
      this.#isDue = true;
      // A page that moves an element takes it out and puts it in again, and sets one after the other.
      setTimeout(() => {
        this.#isDue = false;
        this.#settle();
      });
    }
  }

  #settle(): void {
    const symbols = this.isConnected ? this.named() : [];
    const wrong = symbols.find((symbol) => !isSymbol(symbol));
    let base = "";
    let words = "";
    if (this.isConnected && symbols.length === 0) {
      words = `Nothing to show: <${this.localName}> has no ${this.naming}`;
    } else if (wrong !== undefined) {
      words = `“${wrong}” cannot be a symbol`;
    } else if (this.isConnected && this.problem !== "") {
      words = this.problem;
    } else if (this.isConnected && this.#zoneProblem !== "") {
      words = this.#zoneProblem;
    } else if (this.isConnected) {
      try {
        base = baseOf(new URL(this.server, location.href), environment());
      } catch {
        words = `“${this.server}” is not the http: or https: address of a server`;
      }
    }
    const isUseful = this.isConnected && words === "";
    const wants = isUseful ? this.wants(symbols) : {};
    const key = isUseful ? `${base} ${JSON.stringify(wants)}` : "";
    const isSame = this.used === (this.#lent ?? sources.peek(base, this.#token));
    if (key === "" || key !== this.#key || !isSame) {
      // What both need is held before it would be given back, so that it goes on.
      const next = isUseful ? this.#open(base, wants) : undefined;
      this.#leave();
      if (next !== undefined) {
        this.#enter(next, symbols);
      }
      this.#key = key;
    }
    if (words !== "") {
      this.#say({ condition: "failed", words });
    }
  }

  /** Take a source, and hold what is wanted of it. */
  #open(base: string, wants: Symbols): Use {
    const lent = this.#lent;
    const source = lent ?? sources.take(base, this.#token);
    const release = source.hold(wants);
    const giveBack = () => {
      release();
      if (lent === undefined) {
        sources.release(source);
      }
    };
    return { source, giveBack };
  }

  #enter(use: Use, symbols: readonly string[]): void {
    const { source } = use;
    this.#use = use;
    source.listen(this);
    source.painter.add(this.#paint);
    this.begin(source, symbols);
    source.painter.request();
  }

  #leave(): void {
    if (this.#use !== undefined) {
      const { source, giveBack } = this.#use;
      this.end();
      this.#use = undefined;
      source.painter.remove(this.#paint);
      source.unlisten(this);
      giveBack();
    }
  }

  /** What of its attributes is not accepted, in words; "" where all is. */
  protected get problem(): string {
    return "";
  }

  /** The attribute that says what it shows. */
  protected get naming(): string {
    return "symbol";
  }

  #paintAll(nowMs: number): boolean {
    const source = this.used;
    if (source === undefined) {
      return false;
    }
    const denial = this.denial();
    this.#say(
      denial === undefined
        ? noticeOf(source.way, this.shown(), Date.now(), this.#zone)
        : { condition: "failed", words: denial },
    );
    return this.paint(nowMs);
  }

  #say({ condition, words }: Notice): void {
    this.#noticeText.set(words);
    setData(this.notice, "condition", condition);
    if (condition !== this.#condition) {
      const { states } = this.#internals;
      states?.delete(this.#condition ?? "");
      states?.add(condition);
      this.#condition = condition;
      this.conditionChanged(condition);
    }
  }

  /** Dim prices that are not of now. */
  protected conditionChanged(condition: string): void {
    for (const prices of this.root.querySelectorAll<HTMLElement>(".prices")) {
      setData(prices, "dated", condition === "live" ? undefined : "");
    }
  }
}
