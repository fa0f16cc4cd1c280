/** What is remembered for the next visit: that alerts are used, and what one calls oneself. */

const ALERTS = "feed.alerts";
const NAME = "feed.name";

export function haveAlertsBeenUsed(): boolean {
  return read(ALERTS) !== null;
}

export function noteAlertsUsed(): void {
  write(ALERTS, "yes");
}

export function ownName(): string {
  return read(NAME) ?? "";
}

export function noteOwnName(name: string): void {
  write(NAME, name);
}

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // forbidden
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Storage is full or forbidden; it then lasts as long as the page.
  }
}
