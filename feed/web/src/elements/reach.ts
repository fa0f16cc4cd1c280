/**
 * Why a page gets nothing from a server at all: no browser tells it, so we look.
 *
 * Theory of operation: a server's modules may be read by every page, its data only by pages that
 * `--allow-origin` names. Where a module can be had and an answer of the server cannot, the page is
 * not allowed; where neither can, the server is not there.
 */

export type Reach = "unknown" | "forbidden" | "blocked" | "unreachable";

type Ask = (url: string, init: RequestInit) => Promise<unknown>;

/** Look at a server from a page of this origin. */
export async function look(base: string, pageOrigin: string, ask: Ask): Promise<Reach> {
  const answers = async (path: string): Promise<boolean> => {
    try {
      await ask(new URL(path, base).href, { method: "HEAD", cache: "no-store" });
      return true;
    } catch {
      return false; // for any cause: which one, two answers together tell
    }
  };
  if (new URL(base).origin === pageOrigin) {
    return "unknown";
  }
  if (!(await answers("client.js"))) {
    return "unreachable";
  }
  return (await answers("healthz")) ? "unknown" : "forbidden";
}

/** Tell whether what a page's own policy has stopped was on its way to this server. */
export function isOfServer(blockedUri: string, base: string): boolean {
  try {
    return new URL(blockedUri).host === new URL(base).host;
  } catch {
    return false; // "inline", "eval" and the like
  }
}
