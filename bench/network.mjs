// C-STORE and associations beside DCMTK and dcmjs-dimse, in one run on the same generated files: medians of interleaved
// rounds, wall time of the whole client program, peak memory. Needs a build and DCMTK.
// Usage: node bench/network.mjs [--rounds 5] [--only NAME] [--smoke]
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeData } from "./network/data.mjs";
import { median, startServer, timed } from "./network/programs.mjs";

const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
};
const isSmoke = process.argv.includes("--smoke");
const rounds = isSmoke ? 1 : Number(option("rounds", 5));
const only = option("only", "");
const here = fileURLToPath(new URL("./network/", import.meta.url));
const isocenter = fileURLToPath(new URL("../packages/cli/bin/isocenter.mjs", import.meta.url));
const node = process.execPath;
const nodelay = { TCP_NODELAY: "1" };
const stock = { TCP_NODELAY: undefined };

const root = mkdtempSync(join(tmpdir(), "isocenter-bench-"));
const sets = makeData(
  root,
  isSmoke
    ? { ctCount: 10, smallCount: 20, multiFrameCount: 2 }
    : { ctCount: 1000, smallCount: 2000, multiFrameCount: 250 },
);
let folders = 0;
const emptyFolder = () => {
  const folder = join(root, `out-${folders++}`);
  mkdirSync(folder);
  return folder;
};

// Clients: how each stores a folder.
const storescu = (env) => (server, set) =>
  timed("storescu", ["+sd", "-aec", server.aeTitle, "127.0.0.1", String(server.port), set.folder], env);
const ours =
  (...options) =>
  (server, set) =>
    timed(node, [
      isocenter,
      "store",
      `127.0.0.1:${server.port}`,
      "-aec",
      server.aeTitle,
      ...options,
      set.folder,
    ]);
const dcmjsScu = (server, set) =>
  timed(node, [join(here, "dcmjs-dimse-scu.mjs"), String(server.port), server.aeTitle, set.folder]);

// Servers, each with the folder it writes to.
const named = (aeTitle, server) => ({ ...server, aeTitle });
const storescpIgnoring = (env) => async () =>
  named(
    "STORESCP",
    await startServer("storescp", (port) => ["--ignore", "--fork", "-aet", "STORESCP", String(port)], env),
  );
const storescpToDisk = (env) => async () => {
  const folder = emptyFolder();
  return named(
    "STORESCP",
    await startServer("storescp", (port) => ["-aet", "STORESCP", "-od", folder, "--fork", String(port)], env),
  );
};
const ourSink = async () =>
  named("SINK", await startServer(node, (port) => [join(here, "sink.mjs"), String(port)]));
const ourReceive = async () => {
  const folder = emptyFolder();
  return named(
    "ISOCENTER",
    await startServer(node, (port) => [isocenter, "receive", `127.0.0.1:${port}`, "-od", folder]),
  );
};
const dcmjsScp = async () =>
  named("DCMJS", await startServer(node, (port) => [join(here, "dcmjs-dimse-scp.mjs"), String(port)]));

/**
 * Two ways to do the same, round by round.
 * @returns medians, and their ratio: above 1, ours is quicker
 */
async function compare({ name, set: setName, mine, theirs, bar }) {
  if (only !== "" && !name.includes(only)) return;
  const set = sets[setName];
  const seconds = { mine: [], theirs: [] };
  const peaks = { client: 0, server: 0, before: 0 };
  for (let round = 0; round < rounds; round++) {
    for (const [side, { server: start, client }] of Object.entries({ theirs, mine })) {
      const server = await start();
      const before = server.peak();
      try {
        const run = await client(server, set);
        seconds[side].push(run.seconds);
        if (side === "mine") {
          peaks.client = Math.max(peaks.client, run.peak);
          peaks.server = Math.max(peaks.server, server.peak() - before);
        }
      } finally {
        await server.stop();
      }
    }
    // Disk space: what a round wrote is not needed any more.
    for (; folders > 0; folders--) rmSync(join(root, `out-${folders - 1}`), { recursive: true, force: true });
  }
  const [own, other] = [median(seconds.mine), median(seconds.theirs)];
  const rate = (value) => `${(set.bytes / value / 1e6).toFixed(0)} MB/s, ${(set.count / value).toFixed(0)}/s`;
  report(name, setName, rate(own), rate(other), `${(other / own).toFixed(2)}×`, bar, {
    client: peaks.client,
    server: peaks.server,
  });
}

const lines = [];
function report(name, set, own, other, ratio, bar, peaks) {
  const memory = peaks === undefined ? "" : `${peaks.client.toFixed(0)} / +${peaks.server.toFixed(0)}`;
  lines.push([name, set, own, other, ratio, bar, memory]);
  process.stdout.write(
    `${name} (${set}): ours ${own}, theirs ${other}, ${ratio} (must be ${bar}) ${memory}\n`,
  );
}

const sendBar = { ct: "0.9×", small: "0.9×", multi: "0.9×" };
try {
  for (const set of ["ct", "small", "multi"]) {
    await compare({
      name: "store → storescp --ignore",
      set,
      mine: { server: storescpIgnoring(nodelay), client: ours() },
      theirs: { server: storescpIgnoring(nodelay), client: storescu(nodelay) },
      bar: sendBar[set],
    });
    await compare({
      name: "storescu → memory sink",
      set,
      mine: { server: ourSink, client: storescu(nodelay) },
      theirs: { server: storescpIgnoring(nodelay), client: storescu(nodelay) },
      bar: "0.7×",
    });
    await compare({
      name: "storescu → receive, durable",
      set,
      mine: { server: ourReceive, client: storescu(nodelay) },
      theirs: { server: storescpToDisk(nodelay), client: storescu(nodelay) },
      bar: "1.0×",
    });
  }
  for (const set of isSmoke ? ["small"] : ["ct", "small"]) {
    await compare({
      name: "store --parallel 16 → stock storescp",
      set,
      mine: { server: storescpIgnoring(stock), client: ours("--parallel", "16") },
      theirs: { server: storescpIgnoring(stock), client: storescu(stock) },
      bar: "5×",
    });
  }
  for (const set of isSmoke ? ["small"] : ["ct", "small"]) {
    await compare({
      name: "store → our sink, beside dcmjs-dimse SCU",
      set,
      mine: { server: ourSink, client: ours() },
      theirs: { server: ourSink, client: dcmjsScu },
      bar: "10×",
    });
    await compare({
      name: "storescu → our sink, beside dcmjs-dimse SCP",
      set,
      mine: { server: ourSink, client: storescu(nodelay) },
      theirs: { server: dcmjsScp, client: storescu(nodelay) },
      bar: "3×",
    });
  }
  if (only === "" || "echo".includes(only)) {
    const server = await ourSink();
    const count = isSmoke ? 20 : 1000;
    const rates = [];
    for (let round = 0; round < rounds; round++) {
      const { output } = await timed(node, [
        join(here, "echoes.mjs"),
        String(server.port),
        "SINK",
        String(count),
      ]);
      rates.push(Number(output));
    }
    await server.stop();
    report("associations with one C-ECHO", "", `${median(rates).toFixed(0)}/s`, "", "", "500/s");
  }
  const header = ["work", "data", "ours", "peer", "ratio", "must be", "peak MB: client / growth of server"];
  const row = (cells) => `| ${cells.join(" | ")} |`;
  process.stdout.write(
    `\n${[header, header.map(() => "---"), ...lines].map(row).join("\n")}\n\nMedians of ${rounds} rounds.\n`,
  );
} finally {
  rmSync(root, { recursive: true, force: true });
}
