// node-media-server on loopback: `node server.js PORT FOLDER`. It records into FOLDER, says what happens
// as JSON, one object a line, and ends when its stdin does.
"use strict";

const say = (what) => process.stdout.write(JSON.stringify(what) + "\n");
console.log = () => {};  // its own log, which would stand between our lines

const net = require("node:net");
const NodeMediaServer = require("node-media-server");

const [port, folder] = [Number(process.argv[2]), process.argv[3]];
const server = new NodeMediaServer({ bind: "127.0.0.1", rtmp: { port }, record: { path: folder } });
for (const event of ["postPublish", "donePublish", "postPlay", "donePlay", "doneRecord"]) {
  server.on(event, (session) => {
    const { streamPath: path, filePath: file } = session;
    if (event === "doneRecord") {
      session.fileStream.once("close", () => say({ event, path, file }));
    } else if (session.ip !== "") {  // its recorder counts as a player, without an address
      say({ event, path });
    }
  });
}
server.run();

process.stdin.resume().on("end", () => process.exit(0));
const tell = () => {
  const probe = net.connect(port, "127.0.0.1", () => { probe.destroy(); say({ event: "ready" }); });
  probe.on("error", () => setTimeout(tell, 20));
};
tell();
