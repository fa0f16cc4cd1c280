// A client of npm's `ws`: connects once for each set of options, and tells what each one hears.
//
// Arguments: the URL, and a JSON array of options for `perMessageDeflate`. Commands on standard
// input, one a line: `connect <which>`, `pause <which>`, `resume <which>`. Each line of standard
// output is `<which> <message>`. An error, or the end of a connection, ends the program.
"use strict";
const WebSocket = require("ws");

const url = process.argv[2];
const optionSets = JSON.parse(process.argv[3]);
const sockets = [];

function connect(which) {
  const socket = new WebSocket(url, { perMessageDeflate: optionSets[which] });
  socket.on("open", () => {
    socket.send(JSON.stringify({ action: "subscribe", trades: ["*"] }));
  });
  socket.on("message", (data) => {
    process.stdout.write(`${which} ${data}\n`);
  });
  socket.on("close", (code, reason) => {
    throw new Error(`connection ${which} was closed: ${code} ${reason}`);
  });
  sockets[which] = socket;
}

let commands = "";
process.stdin.on("data", (data) => {
  const lines = (commands + data).split("\n");
  commands = lines.pop();
  for (const line of lines) {
    const [command, which] = line.split(" ");
    if (command === "connect") {
      connect(which);
    } else {
      sockets[which][command]();
    }
  }
});
process.stdin.on("end", () => process.exit(0));
