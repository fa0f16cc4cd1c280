/** Alerts that were made elsewhere: by a program, in the terminal, in another browser. */

import type { FeedClient } from "../../client/index.ts";
import { serverUrl } from "../ui/server-url.ts";

const LOOK_AGAIN_MS = 60_000;

/** Call back once there are rules of one's own; they are looked for when prices come, and from time to time. */
export function onceThereAreRules(client: FeedClient, found: () => void): void {
  const look = async (): Promise<void> => {
    if (await areThereRules()) {
      clearInterval(timer);
      found();
    }
  };
  const timer = setInterval(() => void look(), LOOK_AGAIN_MS);
  const unlisten = client.on("batch", () => {
    unlisten();
    void look();
  });
}

async function areThereRules(): Promise<boolean> {
  try {
    const answer = await fetch(new URL("v1/alerts?limit=1", serverUrl()));
    const { rules } = (await answer.json()) as { rules?: unknown[] };
    return rules !== undefined && rules.length > 0;
  } catch {
    return false; // the server is away, which the page says by itself
  }
}
