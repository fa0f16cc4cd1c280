/** Whether an alert calls by a desktop notification, and what the switches say. Pure. */

/** What the browser says of notifications; `unsupported`: it has none, or not on this page. */
export type Allowed = NotificationPermission | "unsupported";

export interface Calls {
  readonly isNotifying: boolean;
  readonly isSounding: boolean;
}

export const SILENT: Calls = { isNotifying: false, isSounding: false };

/** Whether to show a notification: a page that somebody looks at shows the alert itself. */
export function isToNotify(calls: Calls, allowed: Allowed, isLookedAt: boolean): boolean {
  return calls.isNotifying && allowed === "granted" && !isLookedAt;
}

/** What is to be said beside the switch of notifications. */
export function notifyingWords(calls: Calls, allowed: Allowed): string {
  switch (allowed) {
    case "unsupported":
      return "This browser shows no notifications for this page (they need https:, or this machine)";
    case "denied":
      return "The browser was told to show none for this page: its settings can allow them";
    case "default":
      return calls.isNotifying
        ? "The browser has not been asked in this visit: switch it on again"
        : "";
    case "granted":
      return calls.isNotifying ? "Shown while nobody looks at this page, once over all tabs" : "";
  }
}

/** What is to be said beside the switch of sound. */
export function soundingWords(calls: Calls, canSound: boolean, isReady: boolean): string {
  if (!canSound) {
    return "This browser makes no sound";
  }
  return calls.isSounding && !isReady ? "Sounds after the first click or key on this page" : "";
}

/** Read what was kept; anything else is silence. */
export function readCalls(text: string | null): Calls {
  const words = (text ?? "").split(" ");
  return { isNotifying: words.includes("notify"), isSounding: words.includes("sound") };
}

export function writeCalls({ isNotifying, isSounding }: Calls): string {
  return [isNotifying ? "notify" : "", isSounding ? "sound" : ""].filter(Boolean).join(" ");
}
