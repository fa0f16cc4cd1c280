/**
 * The words of rooms, presence, alerts and jobs, as the wire names their fields.
 *
 * Of each key (a room, an owner, a job) *parts* are kept, such as a message or a member: what is said
 * of the same part later takes the place of what was said before. People's texts are data: a page
 * shows them as text, never as markup.
 */

interface Said {
  /** Who says so, for people: the identity's name, or "anonymous". */
  from: string;
  /** The same for programs: equal for all words of one identity. */
  by: string;
  /** What an anonymous one calls itself. */
  name?: string;
  t: string;
}

/** Somebody said something; to late comers as it was edited last. */
export interface MessageWord extends Said {
  T: "message";
  room: string;
  id: string;
  text: string;
  /** When it was edited last. */
  edited?: string;
}

/** A message reads otherwise from now on. */
export interface EditedWord extends Said {
  T: "edited";
  room: string;
  id: string;
  text: string;
}

/** A message is gone, wherever it was kept. */
export interface DeletedWord extends Said {
  T: "deleted";
  room: string;
  id: string;
}

/** A symbol stands in the list of a room, or has another place or note. */
export interface EntryWord extends Said {
  T: "entry";
  room: string;
  symbol: string;
  /** Of the entry: 1, 2, 3 …, removals included. */
  version: number;
  /** Entries stand in the order of their places. */
  place: number;
  note: string;
}

export interface RemovedWord extends Said {
  T: "removed";
  room: string;
  symbol: string;
  version: number;
}

/** Somebody is in a room. */
export interface PresentWord extends Said {
  T: "present";
  room: string;
  since: string;
  connections: number;
}

export interface AbsentWord extends Said {
  T: "absent";
  room: string;
}

export interface TypingWord extends Said {
  T: "typing";
  room: string;
}

/** A rule of somebody's fired. */
export interface AlertWord {
  T: "alert";
  owner: string;
  /** Of the firing: the same however often it is told. */
  id: string;
  rule: string;
  symbol: string;
  field: string;
  op: string;
  value: string;
  window_s?: number;
  /** What the field was. */
  seen: string;
  /** The position of the tick that fired it. */
  at: string;
  /** Ticks were missing before it, so that it may be late. */
  after_gap?: boolean;
  note?: string;
  t: string;
}

export interface AcknowledgedWord {
  T: "acknowledged";
  owner: string;
  id: string;
  rule: string;
  t: string;
}

export const JOB_STATES = ["queued", "running", "done", "failed", "cancelled"] as const;
export type JobState = (typeof JOB_STATES)[number];

/** How a job stands. */
export interface JobWord {
  T: "job";
  id: string;
  state: JobState;
  exports: string;
  format: string;
  /** Ticks or bars that are written; it only grows. */
  done: number;
  /** Of these, as far as is known; 0: it is not. */
  total: number;
  per_s: number;
  /** The time that it takes still; 0: it is not known, or it is over. */
  left_s: number;
  size_bytes: number;
  /** Of the file, once it is done. */
  sha256?: string;
  /** Why it failed or was cancelled, for programs. */
  code?: string;
  /** The same for a person. */
  msg?: string;
  by: string;
  t: string;
}

export type RoomWord = MessageWord | EditedWord | DeletedWord | EntryWord | RemovedWord;
export type PresenceWord = PresentWord | AbsentWord | TypingWord;
export type FiringWord = AlertWord | AcknowledgedWord;
export type DeskWord = RoomWord | PresenceWord | FiringWord | JobWord;
export type DeskChannel = "rooms" | "presence" | "alerts" | "jobs";

/** What each says, by its `T`: its channel, the field with its key, and those that it has to have. */
const FORMS: Readonly<
  Record<DeskWord["T"], { channel: DeskChannel; key: string; texts: string[]; numbers: string[] }>
> = {
  message: form("rooms", "room", ["id", "from", "by", "text"]),
  edited: form("rooms", "room", ["id", "by", "text"]),
  deleted: form("rooms", "room", ["id"]),
  entry: form("rooms", "room", ["symbol"], ["version", "place"]),
  removed: form("rooms", "room", ["symbol"], ["version"]),
  present: form("presence", "room", ["from", "by"]),
  absent: form("presence", "room", ["by"]),
  typing: form("presence", "room", ["from", "by"]),
  alert: form("alerts", "owner", ["id", "rule", "symbol", "field", "op", "value", "seen"]),
  acknowledged: form("alerts", "owner", ["id"]),
  job: form("jobs", "id", ["state"], ["done", "total"]),
};

function form(channel: DeskChannel, key: string, texts: string[], numbers: string[] = []) {
  return { channel, key, texts, numbers };
}

const ROOM = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
const JOB = /^job_[0-9a-f]{32}$/;
const OWNER = /^own_[0-9a-f]{32}$/;
const ROOM_SHAPE = "1 to 64 letters, digits, '-', '_', '.', the first a letter or digit";

/** Of each channel the keys that may be subscribed to, and how they look. */
export const DESK_KEYS: Readonly<
  Record<DeskChannel, { is: (key: string) => boolean; shape: string }>
> = {
  rooms: { is: isRoomName, shape: ROOM_SHAPE },
  presence: { is: isRoomName, shape: ROOM_SHAPE },
  alerts: { is: (key) => key === "*" || OWNER.test(key), shape: "*, which are one's own" },
  jobs: { is: (key) => JOB.test(key), shape: "the id of a job: job_ and 32 hexadecimal digits" },
};

/** Tell whether a room may have this name. */
export function isRoomName(text: string): boolean {
  return ROOM.test(text);
}

export function isDeskWord(message: { T: string }): message is DeskWord {
  return Object.hasOwn(FORMS, message.T);
}

/** Tell whether what says that it is a word has what one has. */
export function isWholeDeskWord(value: { T: string }): boolean {
  const { key, texts, numbers } = FORMS[value.T as DeskWord["T"]];
  const fields = value as Readonly<Record<string, unknown>>;
  return (
    [key, ...texts].every((name) => typeof fields[name] === "string") &&
    numbers.every((name) => Number.isFinite(fields[name])) &&
    (value.T !== "job" || JOB_STATES.includes(fields["state"] as JobState))
  );
}

export function channelOf(word: DeskWord): DeskChannel {
  return FORMS[word.T].channel;
}

/** Of which room, owner or job it is. */
export function keyOf(word: DeskWord): string {
  return (word as unknown as Readonly<Record<string, string>>)[FORMS[word.T].key] as string;
}

/** What it is of, within its key; undefined: it is kept nowhere. */
export function partOf(word: DeskWord): string | undefined {
  switch (word.T) {
    case "message":
    case "edited":
    case "deleted":
      return `message ${word.id}`;
    case "entry":
    case "removed":
      return `entry ${word.symbol}`;
    case "present":
    case "absent":
      return `${word.by} ${word.name ?? ""}`;
    case "typing":
      return undefined;
    case "alert":
    case "acknowledged":
      return word.id;
    case "job":
      return "";
  }
}

/** Tell whether late comers need not know of it, since its part is no more. */
export function isGone({ T }: DeskWord): boolean {
  return T === "deleted" || T === "removed" || T === "absent" || T === "acknowledged";
}

/** What is kept of a part once this was said; undefined: an edit of what is not known. */
export function after(word: DeskWord, earlier: DeskWord | undefined): DeskWord | undefined {
  if (word.T !== "edited") {
    return word;
  }
  return earlier?.T === "message" ? { ...earlier, text: word.text, edited: word.t } : undefined;
}
