/** Streams: an AsyncAPI document as tables, channel by channel and message by message. */

import { type Child, make } from "../dashboard/ui/dom.ts";
import {
  type AsyncApi,
  type Message,
  nameOf,
  resolved,
  type Schema,
  typeWords,
} from "./asyncapi.ts";

/** Make what shows a document. */
export function streamsOf(document: AsyncApi): HTMLElement[] {
  return [
    introduction(document),
    ...Object.keys(document.channels).map((name) => channelOf(name, document)),
    make(
      "section",
      { class: "card part", id: "streams/messages" },
      make("h2", {}, "Messages"),
      ...Object.entries(document.components.messages).map(([name, it]) =>
        messageOf(name, it, document),
      ),
    ),
    make(
      "section",
      { class: "card part", id: "streams/schemas" },
      make("h2", {}, "Schemas"),
      ...Object.entries(document.components.schemas).map(([name, it]) => schemaOf(name, it)),
    ),
    ends(document),
  ];
}

function introduction(document: AsyncApi): HTMLElement {
  const { info, servers, components } = document;
  return make(
    "section",
    { class: "card part" },
    make("h2", {}, `${info.title} ${info.version}`),
    ...info.description.split("\n\n").map((words) => make("p", {}, ...inWords(words))),
    table(
      ["server", "for"],
      Object.values(servers).map(({ protocol, host, description }) => [
        make("code", {}, `${protocol}://${host}`),
        description,
      ]),
    ),
    table(
      ["who asks", "where", "what"],
      Object.entries(components.securitySchemes).map(([name, scheme]) => [
        make("code", {}, name),
        scheme.name === undefined ? scheme.type : `${scheme.in} ${scheme.name}`,
        text(scheme.description),
      ]),
    ),
  );
}

function channelOf(name: string, document: AsyncApi): HTMLElement {
  const channel = document.channels[name];
  const here = `#/channels/${name}`;
  const operations = Object.values(document.operations).filter(
    ({ channel }) => channel.$ref === here,
  );
  const query = operations.find(({ bindings }) => bindings?.http?.query)?.bindings?.http?.query;
  const places = Object.entries(channel?.parameters ?? {}).map(
    ([place, { enum: known = [] }]) => `{${place}}: ${known.join(", ")}`,
  );
  return make(
    "section",
    { class: "card part", id: `streams/${name}` },
    make("h2", {}, make("code", {}, channel?.address ?? "")),
    make("p", {}, ...inWords(`${channel?.description ?? ""}. ${places.join("; ")}`)),
    table(
      ["direction", "messages", "answered by"],
      operations.map(({ action, summary, messages, reply }) => [
        make("span", { title: summary }, action === "send" ? "server → client" : "client → server"),
        make("span", {}, ...links(messages.map(({ $ref }) => nameOf($ref)))),
        make("span", {}, ...links((reply?.messages ?? []).map(({ $ref }) => nameOf($ref)))),
      ]),
    ),
    query === undefined ? undefined : folded("parameters of the query", keysOf(query)),
  );
}

function messageOf(name: string, message: Message, document: AsyncApi): HTMLElement {
  const { payload, headers } = message;
  const isArray = payload.type === "array";
  const form = isArray && payload.items ? payload.items : payload;
  const keys = resolved(form, document);
  const [example] = message.examples;
  return make(
    "details",
    { id: `streams/messages/${name}`, class: "message" },
    make(
      "summary",
      {},
      make("code", {}, name),
      make("span", { class: "words" }, ...inWords(message.summary)),
    ),
    make(
      "p",
      { class: "words" },
      `${message.contentType ?? "application/json"}: ${formWords(payload)}`,
    ),
    headers === undefined ? undefined : make("h3", {}, "Fields of the event"),
    headers === undefined ? undefined : keysOf(headers),
    keys.properties === undefined ? undefined : make("h3", {}, "Keys"),
    keys.properties === undefined ? undefined : keysOf(keys),
    payload.schema === undefined ? undefined : folded("schema", make("pre", {}, payload.schema)),
    example === undefined ? undefined : make("h3", {}, "Example"),
    example === undefined ? undefined : make("pre", {}, ...examplesOf(message)),
    message["x-wire"] === undefined ? undefined : make("h3", {}, "On the wire"),
    message["x-wire"] === undefined ? undefined : make("pre", {}, message["x-wire"]),
  );
}

function examplesOf(message: Message): string[] {
  return [message.examples.map(({ payload }) => JSON.stringify(payload, null, 1)).join("\n\n")];
}

function formWords(payload: Schema): string {
  return payload.schemaFormat ?? typeWords(payload);
}

function schemaOf(name: string, schema: Schema): HTMLElement {
  return make(
    "details",
    { id: `streams/schemas/${name}`, class: "message" },
    make(
      "summary",
      {},
      make("code", {}, name),
      make("span", { class: "words" }, ...inWords(schema.description ?? typeWords(schema))),
    ),
    schema.properties === undefined ? make("p", {}, typeWords(schema)) : keysOf(schema),
  );
}

function keysOf(schema: Schema): HTMLElement {
  const required = new Set(schema.required);
  return table(
    ["key", "when", "type", "meaning"],
    Object.entries(schema.properties ?? {}).map(([key, it]) => [
      make("code", {}, key),
      required.has(key) ? "always" : "",
      typeWords(it),
      text(it.description ?? ""),
    ]),
  );
}

function ends(document: AsyncApi): HTMLElement {
  return make(
    "section",
    { class: "card part", id: "streams/ends" },
    make("h2", {}, "Errors, and how connections end"),
    table(
      ["code", "words", "when", "what becomes of the connection"],
      document["x-errors"].map(({ code, words, when, consequence }) => [
        make("code", {}, String(code)),
        words,
        text(when),
        consequence,
      ]),
    ),
    table(
      ["reason", "close code", "error before it", "words", "come back?"],
      document["x-disconnects"].map(({ reason, closeCode, error, words, reconnect }) => [
        make("code", {}, reason),
        String(closeCode),
        error === null ? "" : String(error),
        words,
        reconnect ? "yes" : "no",
      ]),
    ),
  );
}

function links(names: string[]): Child[] {
  return names.flatMap((name, index) => [
    index === 0 ? undefined : ", ",
    make("a", { href: `#streams/messages/${name}` }, name),
  ]);
}

function folded(words: string, ...content: Child[]): HTMLElement {
  return make("details", {}, make("summary", {}, words), ...content);
}

function table(head: string[], rows: Child[][]): HTMLElement {
  const line = (cells: Child[], tag: "th" | "td") =>
    make("tr", {}, ...cells.map((cell) => make(tag, tag === "th" ? { scope: "col" } : {}, cell)));
  return make(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": head.join(", ") },
    make(
      "table",
      {},
      make("thead", {}, line(head, "th")),
      make("tbody", {}, ...rows.map((row) => line(row, "td"))),
    ),
  );
}

function text(words: string): HTMLElement {
  return make("span", {}, ...inWords(words));
}

/** Words of a document: what stands in backticks is code, and links lead to our own pages only. */
function inWords(words: string): Child[] {
  return words.split(/(`[^`]*`|\[[^\]]*\]\([\w.#/-]*\))/).map((part) => {
    if (part.startsWith("`")) {
      return make("code", {}, part.slice(1, -1));
    }
    const [, label, href] = /^\[([^\]]*)\]\(([\w.#/-]*)\)$/.exec(part) ?? [];
    return label === undefined ? part : make("a", { href: href ?? "" }, label);
  });
}
