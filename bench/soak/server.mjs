// The server under soak: every DIMSE service over a local archive. Answers over IPC what it holds and what it costs.
// Usage: fork(server.mjs, [FOLDER], { execArgv: ["--expose-gc"] })
import { LocalArchive } from "@isocenter/archive";
import { listenTcp } from "@isocenter/network/node";
import { dimseServices } from "@isocenter/server";

const archive = await LocalArchive.open(process.argv[2]);
const ended = new Map();
const server = await listenTcp(0, {
  aeTitle: "SOAK",
  maximumAssociations: 400,
  services: dimseServices({ source: archive, aeTitle: "SOAK", address: { host: "127.0.0.1", port: 0 } }),
  onError: ({ code }) => void ended.set(code, (ended.get(code) ?? 0) + 1),
});

/** Heap after collection, when nothing is under way any more. */
async function settled() {
  for (let round = 0; round < 200 && server.openAssociations > 0; round++)
    await new Promise((resolve) => setTimeout(resolve, 50));
  for (let round = 0; round < 5; round++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    heapMb: process.memoryUsage().heapUsed / 2 ** 20,
    rssMb: process.memoryUsage().rss / 2 ** 20,
    sockets: process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length,
    timers: process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length,
    associations: server.openAssociations,
    ended: Object.fromEntries(ended),
    counts: await archive.counts(),
  };
}

process.on("message", (message) => {
  if (message === "stats") void settled().then((stats) => process.send(stats));
  if (message === "stop")
    void server
      .close({ drainMs: 500 })
      .then(() => archive.close())
      .then(() => process.exit(0));
});
process.send({ port: server.port });
