/** Answers over connections: read while they are written, cut, refused, cancelled, watched. */

import { afterEach, beforeEach, expect, test } from "vitest";
import type { Environment } from "../../../src/client/environment.ts";
import {
  type FeedError,
  GaveUp,
  GenerationFailed,
  InvalidInput,
  Malformed,
  Refused,
} from "../../../src/client/errors.ts";
import type { Answer } from "../../../src/client/generating/answer.ts";
import {
  type AnswerOptions,
  type GenerateOptions,
  generate,
  watchAnswer,
} from "../../../src/client/generating/generate.ts";
import { Transcript } from "../../../src/client/generating/transcript.ts";
import { readWord } from "../../../src/client/generating/watching.ts";
import { COMPLETED, ID, ScriptedDesk } from "../../support/desk.ts";
import { Page, until } from "../../support/world.ts";

let desk: ScriptedDesk;
let problems: string[];
const opened: Answer[] = [];

beforeEach(async () => {
  desk = await ScriptedDesk.start();
  problems = [];
});

afterEach(async () => {
  for (const answer of opened.splice(0)) {
    answer.close();
  }
  await desk.stop();
});

function options(given: AnswerOptions, parts: Partial<Environment> = {}): AnswerOptions {
  return {
    url: desk.origin,
    onProblem: (error: FeedError) => problems.push(error.message),
    ...given,
    environment: { ...new Page().environment(), ...parts },
  };
}

function asked(given: GenerateOptions = {}, parts: Partial<Environment> = {}): Answer {
  const answer = generate("what moved?", { ...given, ...options(given, parts) });
  opened.push(answer);
  return answer;
}

function watched(given: AnswerOptions = {}): Answer {
  const answer = watchAnswer(ID, options(given));
  opened.push(answer);
  return answer;
}

async function all(answer: Answer): Promise<string[]> {
  const pieces: string[] = [];
  for await (const piece of answer) {
    pieces.push(piece);
  }
  return pieces;
}

function error(code: string, message: string): object {
  return { error: { message, type: "invalid_request_error", code } };
}

test("an answer is read while it is written", async () => {
  desk.end = undefined;
  const answer = asked({ model: "market", symbols: ["A", "B"], share: true, maxTokens: 9 });
  expect([await answer.next(), await answer.next(), await answer.next()]).toEqual(["A", "B", "C"]);
  expect([answer.id, answer.model, answer.text]).toEqual([ID, "market", "ABC"]);
  expect([answer.state, answer.usage]).toEqual(["running", undefined]);
  desk.finish(COMPLETED, "D");
  expect(await all(answer)).toEqual(["D"]);
  expect(answer.state).toBe("stop");
  expect(answer.usage).toEqual({ promptTokens: 2, completionTokens: 4 });
  expect(desk.asked).toEqual([
    {
      input: "what moved?",
      stream: true,
      model: "market",
      max_output_tokens: 9,
      feed: { symbols: ["A", "B"] },
      share: true,
    },
  ]);
});

test.each([
  ["asked", asked],
  ["watched", watched],
])("each piece comes once however connections are cut: %s", async (_, make) => {
  desk.pieces = Array.from({ length: 100 }, (_, number) => `${number} `);
  desk.cutAfter = Array.from({ length: 30 }, (_, number) => (number * 7) % 13);
  expect((await all(make())).join("")).toBe(desk.text);
  expect(desk.asked.length).toBeLessThan(2);
});

test("it goes on behind the last event and is not asked again", async () => {
  desk.cutAfter = [3, 1];
  expect(await all(asked())).toEqual(["A", "B", "C"]);
  expect(desk.asked.length).toBe(1);
  expect(desk.urls).toEqual([
    `/v1/responses/${ID}?stream=true&starting_after=2`,
    `/v1/responses/${ID}?stream=true&starting_after=3`,
  ]);
});

test("a server that does not go on there is asked for all of it", async () => {
  desk.cutAfter = [3];
  const answer = asked();
  await answer.next();
  desk.refusals.push({ status: 400, body: error("", "what is between is kept as one text") });
  expect(await all(answer)).toEqual(["B", "C"]);
  expect(desk.urls).toEqual([`/v1/responses/${ID}?stream=true`]);
});

test("an end is one although more had come than the server has kept", async () => {
  desk.cutAfter = [5];
  const answer = asked();
  expect([await answer.next(), await answer.next(), await answer.next()]).toEqual(["A", "B", "C"]);
  desk.garbage.push(
    'data: {"type":"response.failed","sequence_number":3,"response":{"id":' +
      `"${ID}","error":{"code":"interrupted","message":"killed"}}}\n\n`,
  );
  await expect(answer.next()).rejects.toThrow("failed (interrupted): killed");
  expect([answer.state, answer.text]).toEqual(["interrupted", "ABC"]);
});

test("passing trouble is waited for, as long as the server says", async () => {
  const body = error("busy", "come later");
  desk.refusals.push({ status: 429, body, headers: { "Retry-After": "7" } });
  const waits: number[] = [];
  const setTimeout = (callback: () => void, delayMs: number) => {
    waits.push(delayMs);
    return globalThis.setTimeout(callback, delayMs < 10_000 ? 0 : delayMs);
  };
  expect(await all(asked({}, { setTimeout }))).toEqual(["A", "B", "C"]);
  expect(problems).toEqual(["stream: come later"]);
  expect(waits.some((ms) => ms > 5_000 && ms <= 7_000)).toBe(true); // some of it may have passed
});

test("a refusal has the words of the server", async () => {
  const body = error("model_not_found", "there is no model x");
  desk.refusals.push({ status: 404, body });
  const answer = asked();
  await expect(all(answer)).rejects.toThrow(new Refused(404, "there is no model x", true));
  expect(await answer.next()).toBeUndefined();
});

test("a model that cannot be reached is no server that is away", async () => {
  desk.refusals.push({ status: 502, body: error("upstream_unreachable", "the upstream is away") });
  const failed = new GenerationFailed(undefined, "upstream_unreachable", "the upstream is away");
  await expect(all(asked())).rejects.toThrow(failed);
});

test("a model that fails is told behind its text", async () => {
  desk.end = {
    type: "response.failed",
    status: "failed",
    error: { code: "interrupted", message: "the server ended" },
  };
  const answer = asked();
  const pieces = [await answer.next(), await answer.next(), await answer.next()];
  await expect(answer.next()).rejects.toThrow("failed (interrupted): the server ended");
  expect(pieces).toEqual(["A", "B", "C"]);
  expect(answer.state).toBe("interrupted");
});

test.each([
  ["data: {}\n\n", "an event is an object with a type"],
  ["data: {\n\n", "an event is not JSON"],
  ['data: {"type":"response.created"}\n\n', "has a sequence_number"],
])("what is not as the API has it is refused after five times: %s", async (bytes, words) => {
  desk.garbage.push(...Array<string>(9).fill(bytes));
  await expect(all(asked())).rejects.toThrow(Malformed);
  expect(problems.length).toBe(4);
  expect(problems[0]).toContain(words);
});

test("a server that stays away is given up", async () => {
  await desk.stop();
  let nowMs = 0;
  const now = () => {
    nowMs += 1_000;
    return nowMs;
  };
  await expect(all(asked({ giveUpAfterMs: 5_000 }, { now }))).rejects.toThrow(GaveUp);
  desk = await ScriptedDesk.start();
});

test("silence is a lost connection", async () => {
  desk.end = undefined;
  const answer = asked({ heartbeatMs: 50 });
  await answer.next();
  await answer.next();
  await answer.next();
  const next = answer.next();
  await until(() => expect(problems).toContain("stream: nothing came for 0.05 s"));
  desk.finish(COMPLETED, "D");
  expect(await next).toBe("D");
});

test("a cancelled answer ends with what was said", async () => {
  desk.end = undefined;
  const answer = asked();
  expect(await answer.next()).toBe("A");
  await answer.cancel();
  expect(await all(answer)).toEqual(["B", "C"]);
  await answer.cancel();
  expect([answer.state, desk.cancels]).toEqual(["cancelled", 1]);
});

test("an answer may be cancelled before it was read, and a refusal of that is told", async () => {
  desk.end = undefined;
  const answer = asked();
  await answer.open();
  desk.refusals.push({ status: 503, body: {} }, { status: 403, body: { detail: "not yours" } });
  await expect(answer.cancel()).rejects.toThrow("not yours (403)");
});

test("breaking off drops the connection and asks for nothing more", async () => {
  desk.end = undefined;
  const answer = asked();
  for await (const piece of answer) {
    expect(piece).toBe("A");
    break;
  }
  while ((await answer.next()) !== undefined) {
    // what had been received by then
  }
  expect([answer.state, desk.cancels, desk.urls]).toEqual(["running", 0, []]);
});

test("closing ends whoever waits", async () => {
  desk.end = undefined;
  const answer = asked();
  const pieces = all(answer);
  while (answer.text !== "ABC") {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  answer.close();
  expect(await pieces).toEqual(["A", "B", "C"]);
  expect(problems).toEqual([]);
});

test("who asks is said on each connection", async () => {
  desk.cutAfter = [1];
  await all(asked({ credentials: () => ({ token: "t" }) }));
  expect(desk.headers.map(({ authorization }) => authorization)).toEqual(["Bearer t", "Bearer t"]);
});

test("whoever comes late is given the text so far, then words", async () => {
  desk.end = undefined;
  const answer = watched();
  expect(await answer.next()).toBe("ABC");
  desk.finish(COMPLETED, "D");
  expect(await all(answer)).toEqual(["D"]);
  expect(answer.state).toBe("stop");
  expect(desk.urls).toEqual([`/v1/sse?generations=${ID}&snapshot=1`]);
});

test("words before the state come again in it", () => {
  const transcript = new Transcript(ID);
  readWord({ T: "token", id: ID, n: 2, text: "B" }, transcript);
  readWord({ T: "generation", id: ID, n: 2, text: "AB" }, transcript);
  readWord({ T: "token", id: ID, n: 3, text: "C" }, transcript);
  expect([transcript.nextPiece(), transcript.nextPiece()]).toEqual(["AB", "C"]);
});

test("an answer that is over is there at once, and none that may not be watched", async () => {
  expect(await all(watched())).toEqual(["ABC"]);
  desk.refusals.push({ status: 404, body: { detail: "there is no such generation" } });
  await expect(all(watched())).rejects.toThrow("there is no such generation (404)");
});

test.each<[string, () => unknown, string]>([
  ["an empty prompt", () => generate(" "), "prompt"],
  ["no messages", () => generate([]), "prompt"],
  ["a symbol", () => generate("x", { symbols: ["a?"] }), "symbols"],
  ["no symbols", () => generate("x", { symbols: [] }), "symbols"],
  ["an id", () => watchAnswer("gen_1"), "id"],
  ["a URL", () => generate("x", { url: "nowhere" }), "url"],
])("%s is refused at the call", (_, call, parameter) => {
  try {
    call();
    expect.unreachable();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(InvalidInput);
    expect((thrown as InvalidInput).parameter).toBe(parameter);
  }
});
