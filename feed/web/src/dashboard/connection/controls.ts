/** The switches of the connection: transport, codec, conflation, reading, and the cut. */

import type { FeedClient, OnLagName, Settings } from "../../client/index.ts";
import { byId } from "../ui/dom.ts";

/** The speed of a slowed reader, in bytes a second; slower than a busy feed sends. */
const SLOW_BYTES_PER_S = 8_000;
/** A cut is long enough to see what was missed come after it. */
const CUT_MS = 3_000;

const READING: Record<string, number | undefined> = {
  full: undefined,
  slow: SLOW_BYTES_PER_S,
  stopped: 0,
};

export interface ControlsHost {
  /** The user changed something, in words for the journal. */
  changed(words: string): void;
  /** Reading is slowed, or no longer. */
  slowed(isSlowed: boolean): void;
}

export class Controls {
  readonly #client: FeedClient;
  readonly #host: ControlsHost;
  readonly #form = byId<HTMLFormElement>("controls");
  #wireBefore: Partial<Settings> = {}; // to go back to when reading is no longer slowed

  constructor(client: FeedClient, host: ControlsHost) {
    this.#client = client;
    this.#host = host;
    this.#form.addEventListener("change", (event) =>
      this.#changed(event.target as HTMLInputElement),
    );
    this.#form.addEventListener("submit", (event) => event.preventDefault());
    byId("cut").addEventListener("click", () => this.cut());
    byId("retry").addEventListener("click", () => this.reconnect());
  }

  get isSlowed(): boolean {
    return this.#client.settings.throttle !== undefined;
  }

  /** Drop the connection for a while. */
  cut(): void {
    this.#host.changed(`Cut for ${CUT_MS / 1_000} s`);
    this.#client.reconnect(CUT_MS);
  }

  /** Make the connection anew, at once. */
  reconnect(): void {
    this.#client.reconnect();
  }

  /** What the switches can be set to, in words. */
  get choices(): { words: string; choose(): void }[] {
    return [...this.#form.querySelectorAll<HTMLInputElement>("input[type=radio]")].map((radio) => ({
      words: `${this.#wordsOf(radio.name)}: ${radio.labels?.[0]?.textContent ?? radio.value}`,
      choose: () => radio.click(),
    }));
  }

  /** Show the settings in force; another tab may have changed them. */
  show({ transport, codec, conflate, throttle, onLag, compress }: Settings): void {
    const reading = throttle === undefined ? "full" : throttle === 0 ? "stopped" : "slow";
    this.#set("transport", transport);
    this.#set("codec", codec);
    this.#set("conflate", conflate.quotes ?? "off");
    this.#set("reading", reading);
    this.#set("on_lag", onLag ?? "gap");
    this.#set("compress", compress === false ? "off" : "on");
  }

  /** Read at another speed. */
  #read(value: string): void {
    const throttle = READING[value];
    const { transport, compress } = this.#client.settings;
    if (throttle === undefined) {
      this.#client.configure({ ...this.#wireBefore, throttle });
      this.#wireBefore = {};
    } else if (this.isSlowed) {
      this.#client.configure({ throttle });
    } else {
      this.#wireBefore = { transport, compress };
      this.#client.configure({ ...wireOf(this.#client.settings), throttle });
    }
    this.#host.slowed(this.isSlowed);
  }

  #set(name: string, value: string): void {
    const field = this.#form.elements.namedItem(name);
    if (field instanceof RadioNodeList || field instanceof HTMLSelectElement) {
      if (field.value !== value) {
        field.value = value;
      }
    }
  }

  #changed({ name, value }: HTMLInputElement): void {
    if (name === "reading") {
      this.#read(value);
    } else {
      this.#client.configure(settingOf(name, value));
    }
    this.#host.changed(`${this.#wordsOf(name)}: ${value}`);
  }

  #wordsOf(name: string): string {
    return this.#form.querySelector(`[data-name="${name}"]`)?.textContent ?? name;
  }
}

/**
 * The wire on which a slow reader is noticed within seconds: nothing is compressed, since buffers on
 * the way hold minutes of a calm feed otherwise, and the browser can stop reading.
 */
function wireOf({ transport }: Settings): Partial<Settings> {
  const canPause = "WebSocketStream" in globalThis && transport !== "sse";
  return { compress: false, transport: canPause ? transport : "stream" };
}

function settingOf(name: string, value: string): Partial<Settings> {
  switch (name) {
    case "transport":
      return { transport: value as Settings["transport"] };
    case "codec":
      return { codec: value as Settings["codec"] };
    case "conflate":
      return { conflate: value === "off" ? {} : { trades: value, quotes: value } };
    case "on_lag":
      return { onLag: value as OnLagName };
    default:
      return { compress: value === "on" ? undefined : false };
  }
}
