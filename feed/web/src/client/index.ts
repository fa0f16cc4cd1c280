/** The public names of `@feed/client`. */

export type { Percentiles } from "./ages.ts";
export { Batch } from "./batch.ts";
export { BatchStream } from "./batchstream.ts";
export {
  FeedClient,
  type FeedClientEvents,
  type FeedClientOptions,
} from "./client.ts";
export type { Counters } from "./counters.ts";
export type { Environment } from "./environment.ts";
export {
  BatchRefused,
  BufferFull,
  Closed,
  FeedError,
  GaveUp,
  GenerationFailed,
  InvalidInput,
  LimitExceeded,
  Malformed,
  NameInUse,
  NoCredentials,
  Refused,
  Relayed,
  TransportFailed,
  Undelivered,
} from "./errors.ts";
export type { Answer } from "./generating/answer.ts";
export {
  type AnswerOptions,
  type GenerateOptions,
  generate,
  type Prompt,
  watchAnswer,
} from "./generating/generate.ts";
export type { GenerationState, Grounding, Usage } from "./generating/transcript.ts";
export type { Settings } from "./link/link.ts";
export type { LinkStatus, Phase } from "./link/status.ts";
export type { SymbolState } from "./newest.ts";
export {
  FeedPublisher,
  type FeedPublisherEvents,
  type FeedPublisherOptions,
} from "./publishing/publisher.ts";
export type {
  Publishable,
  PublishedQuote,
  PublishedStatus,
  PublishedTrade,
} from "./publishing/rows.ts";
export type { GapReport, Words } from "./receiver.ts";
export type {
  Conflation,
  Credentials,
  CredentialsSource,
  OnLagName,
  TransportKind,
  TransportName,
} from "./transports/transport.ts";
export { CODECS, type CodecName, decodeFrame, type Payload } from "./wire/codec.ts";
export { MessagePackSplitter } from "./wire/messagepack.ts";
export { LineSplitter } from "./wire/ndjson.ts";
export { distance, type Position, parsePosition } from "./wire/position.ts";
export { isSymbol, type Symbols } from "./wire/selection.ts";
export type { Splitter } from "./wire/splitter.ts";
export * from "./wire/ticks.ts";
export { timeMs, timeNs } from "./wire/time.ts";
export {
  type Generated,
  type Generation,
  isGenerationId,
  isWord,
  type Token,
  type Word,
} from "./wire/words.ts";
