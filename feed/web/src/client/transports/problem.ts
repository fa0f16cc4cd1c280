/** The words of an HTTP answer that is not a stream: a problem document, a page, a status. */

import { Refused, TransportFailed } from "../errors.ts";

/** Statuses after which asking the same again can succeed; every other 4xx is final. */
const PASSING = new Set([408, 425, 429]);

/**
 * Check that an answer is the stream that was asked for.
 *
 * Throws Refused for a status that names a mistake of ours, TransportFailed for everything else.
 */
export async function expectStream(
  transport: string,
  response: Response,
  mediaType: string,
): Promise<void> {
  const received = response.headers.get("content-type")?.split(";")[0]?.trim() ?? "no content type";
  if (response.ok && received === mediaType) {
    return;
  }
  if (response.ok || !received.includes("json")) {
    await response.body?.cancel();
    const page = received === "text/html" ? ", a page (a proxy's, or a sign-in?)" : "";
    throw new TransportFailed(
      transport,
      `answered ${response.status} with ${received}${page} where ${mediaType} was due`,
    );
  }
  const problem = await readProblem(response);
  if (response.status >= 500 || PASSING.has(response.status)) {
    throw new TransportFailed(transport, problem);
  }
  throw new Refused(response.status, problem, true);
}

/** Source: RFC 9457 §3.1. */
async function readProblem(response: Response): Promise<string> {
  try {
    const { title, detail } = (await response.json()) as { title?: string; detail?: string };
    return detail ?? title ?? `status ${response.status}`;
  } catch {
    return `status ${response.status}, and a problem document that is no JSON`;
  }
}
