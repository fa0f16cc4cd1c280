/**
 * Times in a chosen time zone, on a 24-hour clock. Pure; formatters are made once a zone.
 *
 * Days are those of UTC wherever one is: the server's daily bars are.
 */

export class Zone {
  /** The name of the zone in the IANA database; "" is that of the browser. */
  readonly name: string;
  readonly #minute: Intl.DateTimeFormat;
  readonly #second: Intl.DateTimeFormat;
  readonly #date: Intl.DateTimeFormat;
  readonly #month: Intl.DateTimeFormat;
  readonly #day: Intl.DateTimeFormat;

  /** Throws a RangeError that says what is accepted. */
  constructor(name = "") {
    const zone: Intl.DateTimeFormatOptions = name === "" ? {} : { timeZone: name };
    this.name = name;
    try {
      this.#minute = new Intl.DateTimeFormat("en-GB", { timeStyle: "short", ...zone });
    } catch {
      throw new RangeError(
        `“${name}” is not a time zone; accepted: UTC, America/New_York, Asia/Tokyo …`,
      );
    }
    this.#second = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium", ...zone });
    this.#date = new Intl.DateTimeFormat("en-CA", { dateStyle: "short", ...zone });
    this.#month = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", ...zone });
    this.#day = new Intl.DateTimeFormat("en-CA", { dateStyle: "short", timeZone: "UTC" });
  }

  /** `14:30`. */
  minute(timeS: number): string {
    return this.#minute.format(timeS * 1_000);
  }

  /** `14:30:05`. */
  second(timeS: number): string {
    return this.#second.format(timeS * 1_000);
  }

  /** `2026-01-02`. */
  date(timeS: number): string {
    return this.#date.format(timeS * 1_000);
  }

  /** `2 Jan`. */
  dayOfMonth(timeS: number): string {
    return this.#month.format(timeS * 1_000);
  }

  /** The start of a bar of so many seconds, in full: `2026-01-02 14:30`; of a day its date. */
  start(timeS: number, barS: number): string {
    if (barS >= 86_400) {
      return this.#day.format(timeS * 1_000);
    }
    return `${this.date(timeS)} ${this.#clock(timeS, barS)}`;
  }

  /** The start of a bar, with its date where that is another day than now: `14:30`. */
  recent(timeS: number, barS: number, nowMs: number): string {
    const isToday = this.date(timeS) === this.date(nowMs / 1_000);
    return isToday && barS < 86_400 ? this.#clock(timeS, barS) : this.start(timeS, barS);
  }

  #clock(timeS: number, barS: number): string {
    return barS < 60 ? this.second(timeS) : this.minute(timeS);
  }
}

/** The zone of the browser. */
export const HERE = new Zone();

/** Whether a text names a time zone that the browser knows. */
export function isZone(name: string): boolean {
  try {
    return new Zone(name).name !== "";
  } catch {
    return false;
  }
}
