/** What is remembered for the next visit: that alerts are used, and what one calls oneself. */

import { kept } from "../ui/storage.ts";

const ALERTS = "feed.alerts";
const NAME = "feed.name";

export function haveAlertsBeenUsed(): boolean {
  return kept.read(ALERTS) !== null;
}

export function noteAlertsUsed(): void {
  kept.write(ALERTS, "yes");
}

export function ownName(): string {
  return kept.read(NAME) ?? "";
}

export function noteOwnName(name: string): void {
  kept.write(NAME, name);
}
