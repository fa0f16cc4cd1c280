/** Ten lines to have the same elsewhere, for the symbol on screen and this server's address. */

import { voice } from "../spoken/voice.ts";
import { byId } from "./dom.ts";
import { serverUrl } from "./server-url.ts";

const TABS = ["browser", "eventsource", "python", "curl"] as const;
type Tab = (typeof TABS)[number];

export class Snippets {
  readonly #code = byId<HTMLElement>("snippet");
  readonly #copy = byId<HTMLButtonElement>("copy");
  readonly #form = byId<HTMLFormElement>("snippets");
  #symbol = "AAPL";

  constructor() {
    this.#form.addEventListener("change", () => this.#show());
    this.#form.addEventListener("submit", (event) => event.preventDefault());
    this.#copy.addEventListener("click", () => void this.#copyIt());
  }

  show(symbol: string): void {
    this.#symbol = symbol;
    this.#show();
  }

  #show(): void {
    const tab = new FormData(this.#form).get("snippet") as Tab;
    this.#code.textContent = snippet(tab, serverUrl().replace(/\/$/, ""), this.#symbol);
  }

  async #copyIt(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.#code.textContent ?? "");
      this.#copy.textContent = "Copied";
    } catch {
      this.#copy.textContent = "Select and copy by hand"; // the browser forbids it
    }
    voice.news("copy", this.#copy.textContent, 1);
    setTimeout(() => {
      this.#copy.textContent = "Copy";
    }, 2_000);
  }
}

export function snippet(tab: Tab, server: string, symbol: string): string {
  // A symbol may be any printable text: quotes end neither a text nor the shell's, "<" no script.
  const encoded = encodeURIComponent(symbol).replaceAll("'", "%27");
  const quoted = JSON.stringify(symbol).replaceAll("<", "\\u003c");
  switch (tab) {
    case "browser":
      return `<script type="module">
  import { FeedClient } from "${server}/client.js";

  const client = new FeedClient({ url: "${server}" });
  client.on("batch", () => {
    const { trade, quote } = client.newest(${quoted}) ?? {};
    document.body.textContent = \`\${trade?.p} (\${quote?.bp} / \${quote?.ap})\`;
  });
  client.subscribe({ trades: [${quoted}], quotes: [${quoted}] });
</script>`;
    case "eventsource":
      return `<script type="module">
  const url = "${server}/v1/sse?trades=${encoded}&snapshot=1";
  const source = new EventSource(url); // comes back by itself, with its position
  source.onmessage = ({ data }) => {
    for (const { S, p } of JSON.parse(data)) {
      document.body.textContent = \`\${S} \${p}\`;
    }
  };
</script>`;
    case "python":
      return `import asyncio
import feed

async def main() -> None:
    async with feed.connect("${server}", trades=[${quoted}]) as stream:
        async for batch in stream:
            for tick in batch:
                print(tick)

asyncio.run(main())`;
    case "curl":
      return `curl -N '${server}/v1/stream?trades=${encoded}&quotes=${encoded}&snapshot=1'`;
  }
}
