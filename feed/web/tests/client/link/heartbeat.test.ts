import { expect, test } from "vitest";
import { environment } from "../../../src/client/environment.ts";
import { Heartbeat } from "../../../src/client/link/heartbeat.ts";

test("silence is noticed over a clock that is set, forward or back", () => {
  for (const setMs of [5_000, -3_600_000]) {
    let nowMs = 1_800_000_000_000;
    let deaths = 0;
    const world = environment({ now: () => nowMs });
    const heartbeat = new Heartbeat(world, 1_000, () => {
      deaths += 1;
    });
    heartbeat.waits();
    heartbeat.check();
    expect(deaths).toBe(0);
    nowMs += setMs;
    heartbeat.check();
    expect(deaths).toBe(1);
    heartbeat.stop();
  }
});
