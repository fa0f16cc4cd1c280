/** What we read of an AsyncAPI 3 document, and looking up its references. */

export interface Ref {
  $ref: string;
}

export interface Schema {
  $ref?: string;
  type?: string;
  const?: unknown;
  enum?: unknown[];
  description?: string;
  format?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  additionalProperties?: Schema | boolean;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  /** Of a schema that is not JSON's, such as Protobuf's. */
  schemaFormat?: string;
  schema?: string;
}

export interface Message {
  name: string;
  summary: string;
  contentType?: string;
  payload: Schema;
  headers?: Schema;
  examples: {
    name: string;
    summary?: string;
    headers?: Record<string, string>;
    payload: unknown;
  }[];
  externalDocs?: { url: string; description: string };
  "x-wire"?: string;
}

export interface Channel {
  address: string;
  description: string;
  messages: Record<string, Ref>;
  parameters?: Record<string, { enum?: string[] }>;
}

export interface Operation {
  action: "send" | "receive";
  channel: Ref;
  summary: string;
  messages: Ref[];
  reply?: { messages: Ref[] };
  bindings?: { http?: { query?: Schema } };
}

export interface AsyncApi {
  info: { title: string; version: string; description: string };
  servers: Record<string, { host: string; protocol: string; description: string }>;
  channels: Record<string, Channel>;
  operations: Record<string, Operation>;
  components: {
    messages: Record<string, Message>;
    schemas: Record<string, Schema>;
    securitySchemes: Record<
      string,
      { type: string; in?: string; name?: string; description: string }
    >;
  };
  "x-errors": { code: number; words: string; when: string; consequence: string }[];
  "x-disconnects": {
    reason: string;
    closeCode: number;
    error: number | null;
    words: string;
    reconnect: boolean;
  }[];
}

/** The last part of a reference: under which name it stands where it points to. */
export function nameOf(ref: string): string {
  return ref.slice(ref.lastIndexOf("/") + 1);
}

/** The schema that another one refers to, or itself. */
export function resolved(schema: Schema, document: AsyncApi): Schema {
  return schema.$ref === undefined
    ? schema
    : { ...document.components.schemas[nameOf(schema.$ref)], ...withoutRef(schema) };
}

function withoutRef({ $ref: _, ...rest }: Schema): Schema {
  return rest;
}

/** A schema's type in a few words: `array of Trade or Quote`, `"gap"`, `integer, at least 0`. */
export function typeWords(schema: Schema): string {
  if (schema.$ref !== undefined) {
    return nameOf(schema.$ref);
  }
  if (schema.const !== undefined) {
    return JSON.stringify(schema.const);
  }
  if (schema.enum !== undefined) {
    return schema.enum.map((value) => JSON.stringify(value)).join(", ");
  }
  if (schema.anyOf !== undefined) {
    return schema.anyOf.map(typeWords).join(" or ");
  }
  if (schema.type === "array" && schema.items !== undefined) {
    const only = schema.minItems === 1 && schema.maxItems === 1;
    return `array of ${only ? "one " : ""}${typeWords(schema.items)}`;
  }
  if (schema.type === "object" && typeof schema.additionalProperties === "object") {
    return `map to ${typeWords(schema.additionalProperties)}`;
  }
  const limits = [
    schema.minimum === undefined ? "" : `, at least ${schema.minimum}`,
    schema.maximum === undefined ? "" : `, at most ${schema.maximum}`,
  ];
  return `${schema.format ?? schema.type ?? "anything"}${limits.join("")}`;
}
