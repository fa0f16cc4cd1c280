// Node's ws: every payload to every client with `client.send`.
//
// node node_ws.mjs FOLDER PAYLOADS HZ COMPRESS: ws is installed in FOLDER; PAYLOADS is a file of
// JSON payloads, one a line; COMPRESS is 1 or 0. Says "port N" once it listens.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [folder, path, hz, compress] = process.argv.slice(2);
const { WebSocketServer, WebSocket } = createRequire(`${folder}/`)("ws");

const STAMP = '"t":"';
const payloads = readFileSync(path)
  .toString("utf8")
  .split("\n")
  .filter((line) => line)
  .map((line) => ({ bytes: Buffer.from(line), stamp: line.lastIndexOf(STAMP) + STAMP.length }));

// Date has milliseconds; the performance clock has the rest.
function rfc3339() {
  const ms = performance.timeOrigin + performance.now();
  const whole = Math.floor(ms);
  const nanoseconds = Math.floor((ms - whole) * 1e6);
  return new Date(whole).toISOString().slice(0, -1) + String(nanoseconds).padStart(6, "0") + "Z";
}

const server = new WebSocketServer({
  host: "127.0.0.1",
  port: 0,
  backlog: 4096,
  perMessageDeflate: compress === "1" ? { threshold: 0 } : false,
});
server.on("listening", () => console.log("port", server.address().port));

const began = performance.now();
let number = 0;
function turn() {
  const { bytes, stamp } = payloads[number % payloads.length];
  if (stamp >= STAMP.length) bytes.write(rfc3339(), stamp);
  // A copy: with compression, ws reads the bytes later.
  const data = Buffer.from(bytes);
  for (const client of server.clients) {
    if (client.readyState === WebSocket.OPEN) client.send(data, { binary: false });
  }
  number += 1;
  setTimeout(turn, Math.max(0, began + (number * 1000) / Number(hz) - performance.now()));
}
turn();
