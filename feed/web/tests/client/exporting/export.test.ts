import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { exportFile, listExports, watchExport } from "../../../src/client/exporting/export.ts";
import type { JobWord } from "../../../src/client/wire/deskwords.ts";
import { Page } from "../../support/world.ts";

const ID = `job_${"0".repeat(32)}`;
const REQUEST = { kind: "ring", format: "csv", trades: ["*"] } as const;

const job = (state: JobWord["state"], done: number): JobWord => ({
  ...{ T: "job", id: ID, state, exports: "ring", format: "csv", done, total: 4, per_s: 2 },
  ...{ left_s: 1, size_bytes: 10 * done, by: `own_${"0".repeat(32)}`, t: "2026" },
});

let server: Server;
let origin: string;
const calls: string[] = [];
/** What each connection tells, in turn. */
let connections: JobWord[][] = [];
/** Cuts the newest connection. */
let cut = () => {};
let accepted: [number, object] = [202, job("queued", 0)];

function stream(response: ServerResponse): void {
  response.writeHead(200, { "Content-Type": "text/event-stream" });
  response.write(": hello\n\n");
  for (const word of connections.shift() ?? []) {
    response.write(`event: job\ndata: ${JSON.stringify(word)}\n\n`);
  }
  cut = () => response.destroy();
}

beforeEach(async () => {
  calls.length = 0;
  accepted = [202, job("queued", 0)];
  server = createServer((request, response) => {
    calls.push(`${request.method} ${request.url}`);
    const [status, document] =
      request.method === "POST" ? accepted : [200, { jobs: [job("done", 4)] }];
    if (request.headers.accept === "text/event-stream") {
      stream(response);
    } else {
      response.writeHead(status, { "Content-Type": "application/json" });
      response.end(JSON.stringify(document));
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve());
  });
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

test("its progress only grows, over connections that are cut", async () => {
  connections = [
    [job("running", 1), job("running", 2)],
    [job("running", 1), job("running", 3), job("done", 4)],
  ];
  const done: number[] = [];
  const environment = new Page().environment();
  const file = exportFile(REQUEST, {
    url: origin,
    environment,
    onProgress: (to) => {
      done.push(to.done);
      if (to.done === 2) {
        cut(); // what was read is not lost with the connection
      }
    },
  });
  expect(await file.finished()).toMatchObject({ state: "done", size_bytes: 40 });
  expect(done).toEqual([0, 1, 2, 3, 4]);
  expect(file.url).toBe(`${origin}/v1/jobs/${ID}/file`);
  expect(calls).toEqual(["POST /v1/jobs", `GET /v1/jobs/${ID}`, `GET /v1/jobs/${ID}`]);
  expect(await listExports({ url: origin })).toEqual([job("done", 4)]);
});

test("one that is cancelled before the server has taken it is cancelled then", async () => {
  const file = exportFile(REQUEST, { url: origin });
  await file.cancel();
  expect(calls[0]).toBe("POST /v1/jobs");
  expect(calls).toContain(`DELETE /v1/jobs/${ID}`);
  file.close();
});

test("one that fails, or is cancelled, says why", async () => {
  connections = [[{ ...job("failed", 1), code: "disk_full", msg: "the disk is full" }]];
  const file = watchExport(ID, { url: origin });
  await expect(file.finished()).rejects.toThrow(`job ${ID} failed: the disk is full`);
  await file.cancel();
  expect(calls.at(-1)).toBe(`DELETE /v1/jobs/${ID}`);
  accepted = [400, { detail: "format: 'xls' is not accepted" }];
  await expect(exportFile(REQUEST, { url: origin }).finished()).rejects.toThrow("format: 'xls'");
});
