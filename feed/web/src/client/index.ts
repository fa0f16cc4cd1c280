/** The public names of `@feed/client`. */

export type { Percentiles } from "./ages.ts";
export {
  type AlertField,
  type AlertOp,
  Alerts,
  type AlertsEvents,
  type AlertsOptions,
  alerts,
  type NewRule,
  type Rule,
} from "./alerts/alerts.ts";
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
  JobFailed,
  LimitExceeded,
  Lost,
  Malformed,
  NameInUse,
  NoCredentials,
  Refused,
  Relayed,
  TransportFailed,
  Undelivered,
} from "./errors.ts";
export {
  Export,
  type ExportOptions,
  type ExportRequest,
  exportFile,
  listExports,
  watchExport,
} from "./exporting/export.ts";
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
export { SharedList } from "./rooms/list.ts";
export type { Action, ListOp, Sent, Unsent } from "./rooms/outbox.ts";
export { Room, type RoomEvents, type RoomOptions, room } from "./rooms/room.ts";
export type { RoomEvent } from "./rooms/state.ts";
export type {
  Conflation,
  Credentials,
  CredentialsSource,
  OnLagName,
  TransportKind,
  TransportName,
} from "./transports/transport.ts";
export { CODECS, type CodecName, decodeFrame, type Payload } from "./wire/codec.ts";
export {
  type AbsentWord,
  type AcknowledgedWord,
  type AlertWord,
  type DeletedWord,
  type DeskChannel,
  type DeskWord,
  type EditedWord,
  type EntryWord,
  type FiringWord,
  isDeskWord,
  isRoomName,
  type JobState,
  type JobWord,
  type MessageWord,
  type PresenceWord,
  type PresentWord,
  type RemovedWord,
  type RoomWord,
  type TypingWord,
} from "./wire/deskwords.ts";
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
  type GenerationWord,
  isGenerationId,
  isWord,
  type Token,
  type Word,
} from "./wire/words.ts";
