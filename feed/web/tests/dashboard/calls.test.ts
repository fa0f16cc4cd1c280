/** Whether an alert calls, and what the switches say of it. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Caller } from "../../src/dashboard/calls/caller.ts";
import {
  isToNotify,
  notifyingWords,
  readCalls,
  SILENT,
  soundingWords,
  writeCalls,
} from "../../src/dashboard/calls/decisions.ts";

const BOTH = { isNotifying: true, isSounding: true };

describe("an alert", () => {
  test("calls by a notification only where it is wanted, allowed, and nobody looks", () => {
    expect(isToNotify(BOTH, "granted", false)).toBe(true);
    expect(isToNotify(BOTH, "granted", true)).toBe(false);
    expect(isToNotify(SILENT, "granted", false)).toBe(false);
    for (const allowed of ["denied", "default", "unsupported"] as const) {
      expect(isToNotify(BOTH, allowed, false)).toBe(false);
    }
  });

  test("says why it cannot", () => {
    expect(notifyingWords(BOTH, "unsupported")).toContain("shows no notifications");
    expect(notifyingWords(BOTH, "denied")).toContain("its settings can allow them");
    expect(notifyingWords(SILENT, "default")).toBe("");
    expect(notifyingWords(BOTH, "granted")).toContain("once over all tabs");
    expect(soundingWords(BOTH, false, false)).toBe("This browser makes no sound");
    expect(soundingWords(BOTH, true, false)).toContain("after the first click");
    expect(soundingWords(BOTH, true, true)).toBe("");
  });

  test("calls as was chosen in an earlier visit", () => {
    for (const calls of [SILENT, BOTH, { ...SILENT, isSounding: true }]) {
      expect(readCalls(writeCalls(calls))).toEqual(calls);
    }
    expect([readCalls(null), readCalls("{}")]).toEqual([SILENT, SILENT]);
  });
});

describe("a sound that was switched on in another tab", () => {
  class FakeAudio {
    state = "suspended";
    async resume(): Promise<void> {
      this.state = "running";
    }
  }
  let tab: EventTarget;

  beforeEach(() => {
    tab = new EventTarget();
    vi.stubGlobal("addEventListener", tab.addEventListener.bind(tab));
    vi.stubGlobal("AudioContext", FakeAudio);
  });
  afterEach(() => vi.unstubAllGlobals());

  const switchOn = () =>
    tab.dispatchEvent(
      Object.assign(new Event("storage"), { key: "feed.calls", newValue: "sound" }),
    );

  test("is heard in one that was clicked at before", async () => {
    vi.stubGlobal("navigator", { userActivation: { hasBeenActive: true } });
    const caller = new Caller(
      () => {},
      () => {},
    );
    tab.dispatchEvent(new Event("pointerdown"));
    switchOn();
    await vi.waitFor(() => expect(caller.chime.isReady).toBe(true));
  });

  test("is heard in one that was not, from the first click on", async () => {
    vi.stubGlobal("navigator", {});
    const caller = new Caller(
      () => {},
      () => {},
    );
    tab.dispatchEvent(new Event("keydown"));
    switchOn();
    expect(caller.chime.isReady).toBe(false);
    tab.dispatchEvent(new Event("keydown"));
    await vi.waitFor(() => expect(caller.chime.isReady).toBe(true));
  });
});
