/** What comes from the server's sources, in words. Pure. */

import type { ServerStatus, SourceStatus } from "./server.ts";

const SOURCE_WORDS: Record<string, string> = {
  sim: "Simulated market",
  replay: "Recording",
  stdin: "Standard input",
};

function sourcesOf(server: ServerStatus): SourceStatus[] {
  return server.sources ?? [server.source];
}

/** The names by which the feed tells that sources come and go: both sides of a pair have one. */
export function namesOf(server: ServerStatus): Set<string> {
  return new Set(sourcesOf(server).map(({ name, pair }) => pair?.of ?? name));
}

/** The reason for which nothing comes, if nothing does. */
export function downOf(server: ServerStatus): string | undefined {
  const sources = sourcesOf(server);
  if (sources.every((source) => source.finished)) {
    return "finished";
  }
  const { feed } = server;
  if (feed !== undefined && feed.state !== "live") {
    return feed.reason;
  }
  return sources.some((source) => source.up) ? undefined : "failed";
}

/** Whether ticks that should come do not; the end of a recording is not a failure. */
export function isDown(server: ServerStatus): boolean {
  return sourcesOf(server).some((source) => isSourceDown(source, server.feed));
}

/** What the sources are, and what is wrong with them. */
export function sourceWords(server: ServerStatus): string {
  return sourcesOf(server)
    .map((source) => {
      const name = SOURCE_WORDS[source.name] ?? source.name;
      if (source.finished) {
        return `${name} · ended`;
      }
      const feed = source.feed ?? server.feed;
      return isSourceDown(source, feed)
        ? `${name} · nothing comes: ${source.last_error || feed?.reason}`
        : name;
    })
    .join(", ");
}

function isSourceDown(source: SourceStatus, all: ServerStatus["feed"]): boolean {
  const feed = source.feed ?? all;
  return !source.finished && (!source.up || feed?.state === "source_down");
}
