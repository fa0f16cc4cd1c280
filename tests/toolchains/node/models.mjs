// The SDKs of npm that ask language models, unmodified, and the reader that many pages have.
//
// Arguments: the base of a server whose model says what it is told (tests/fakes/parrot.py). What each
// of them made of its answers is told as a line of base64.
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { DefaultChatTransport, readUIMessageStream, streamText } from "ai";
import OpenAI from "openai";

const [server] = process.argv.slice(2);
const baseURL = `${server}/v1`;
const model = "parrot";
const said = "Apple rose, it seems.";

const tell = (told) =>
  process.stdout.write(`${Buffer.from(JSON.stringify(told)).toString("base64")}\n`);
const user = (content) => [{ role: "user", content }];
const refusal = (error) => [error.constructor.name, error.status ?? null, error.message];

const openai = new OpenAI({ baseURL, apiKey: "any", maxRetries: 0 });
const complete = (content, more = {}) =>
  openai.chat.completions.create({ model, messages: user(content), ...more });

async function chatCompletions() {
  const whole = await complete(said);
  let [text, usage] = ["", null];
  const stream_options = { include_usage: true };
  for await (const chunk of await complete(said, { stream: true, stream_options })) {
    text += chunk.choices[0]?.delta.content ?? "";
    usage = chunk.usage ?? usage;
  }
  const models = (await openai.models.list()).data.map((each) => each.id);
  return { models, whole: whole.choices[0].message.content, text, tokens: usage.total_tokens };
}

async function refusals() {
  const refused = (promise) => promise.then(() => "was answered", refusal);
  const inStream = async () => {
    for await (const _ of await complete("fail", { stream: true }));
  };
  return {
    unknown: await refused(complete(said, { model: "nope" })),
    limited: await refused(complete("limited")),
    failed: await refused(inStream()),
  };
}

const textOf = (event) => (event.type === "response.output_text.delta" ? event.delta : "");

// Reads some events of a response, and then, with another request, what is behind them.
async function responses() {
  const events = [];
  for await (const event of await openai.responses.create({ model, input: said, stream: true })) {
    events.push(event);
    if (events.length === 6) break;
  }
  const options = { stream: true, starting_after: events.at(-1).sequence_number };
  const rest = await openai.responses.retrieve(events[0].response.id, options);
  for await (const event of rest) events.push(event);
  const waiting = await openai.responses.create({ model, input: "wait", background: true });
  return {
    numbers: events.map((event) => event.sequence_number),
    text: events.map(textOf).join(""),
    cancelled: (await openai.responses.cancel(waiting.id)).status,
  };
}

async function providerOfAiSdk() {
  const provider = createOpenAICompatible({ name: "feed", baseURL, includeUsage: true });
  const answer = streamText({ model: provider(model), prompt: said, maxRetries: 0 });
  let text = "";
  for await (const piece of answer.textStream) text += piece;
  const usage = await answer.totalUsage;
  return { text, reason: await answer.finishReason, tokens: usage.totalTokens };
}

const transport = new DefaultChatTransport({ api: `${server}/api/chat` });
const send = (chatId, text, abortSignal) =>
  transport.sendMessages({
    ...{ chatId, abortSignal, trigger: "submit-message", messageId: undefined },
    messages: [{ id: "1", role: "user", parts: [{ type: "text", text }] }],
  });

// Returns a message as it is once it has this text; of "" once its stream has ended.
async function message(stream, text = "") {
  let last;
  for await (last of readUIMessageStream({ stream })) {
    if (text && textOfMessage(last) === text) break;
  }
  return last;
}
const textOfMessage = (each) => each.parts.map((part) => part.text ?? "").join("");

async function chatOfAiSdk() {
  const whole = await message(await send("one", said));
  const leaving = new AbortController();
  const begun = await message(await send("two", "wait", leaving.signal), "Wait");
  leaving.abort();
  const again = message(await transport.reconnectToStream({ chatId: "two" }));
  const stopped = await fetch(`${server}/api/chat/two/stop`, { method: "POST" });
  const refused = await send("three", "limited").then(() => "was answered", refusal);
  return {
    text: textOfMessage(whole),
    isSame: (await again).id === begun.id,
    textAgain: textOfMessage(await again),
    stopped: (await stopped.json()).state,
    afterwards: await transport.reconnectToStream({ chatId: "two" }),
    refused: JSON.parse(refused.at(-1)).error,
  };
}

async function reader() {
  const answer = await fetch(`${server}/api/chat`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ messages: user(said) }),
  });
  const pieces = answer.body.getReader();
  const decoder = new TextDecoder();
  let [rest, text, isDone] = ["", "", false];
  for (let piece = await pieces.read(); !piece.done; piece = await pieces.read()) {
    const lines = (rest + decoder.decode(piece.value, { stream: true })).split("\n");
    rest = lines.pop();
    for (const line of lines.filter((each) => each.startsWith("data: "))) {
      const data = line.slice(6);
      if (data === "[DONE]") isDone = true;
      else text += JSON.parse(data).content;
    }
  }
  return { text, isDone };
}

const checks = [chatCompletions, refusals, responses, providerOfAiSdk, chatOfAiSdk, reader];
for (const check of checks) tell({ [check.name]: await check() });
