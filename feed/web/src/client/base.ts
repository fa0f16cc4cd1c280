/** The address of a server, as the caller wrote it. */

import type { Environment } from "./environment.ts";
import { InvalidInput } from "./errors.ts";
import type { Url } from "./platform.ts";

/** Return it with a slash at its end. Throws InvalidInput when there is no server to connect to. */
export function baseOf(url: string | Url | undefined, { base }: Environment): string {
  const text = url ?? base;
  try {
    const parsed = new URL(text ?? "");
    if (parsed.protocol === "http:" || parsed.protocol === "https:") {
      const { origin, pathname } = parsed;
      return `${origin}${pathname.endsWith("/") ? pathname : `${pathname}/`}`;
    }
  } catch {
    // said below
  }
  throw new InvalidInput("url", String(text), "the server's http: or https: address");
}
