/**
 * A PostgreSQL server for tests: Debian's, on a port and in a folder of its own.
 *
 * As root it runs as nobody, because the server refuses to run as root. Its disk syncs are off: tests kill the archive,
 * not the machine.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { chown, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";

const run = promisify(execFile);
const nobody = 65534;
const identity = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};

/** Folder of the newest server's programs; undefined where none is installed. */
export function postgresPrograms(): string | undefined {
  const root = "/usr/lib/postgresql";
  if (!existsSync(root)) return undefined;
  const versions = readdirSync(root).sort((a, b) => Number(b) - Number(a));
  return versions
    .map((version) => join(root, version, "bin"))
    .find((bin) => existsSync(join(bin, "postgres")));
}

export interface TestPostgres {
  /** @returns the URL of an empty database */
  createDatabase(): Promise<string>;
  /** Ends the server at once, as a power cut would, and every connection with it. */
  kill(): Promise<void>;
  /** Starts it again in the same folder. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export async function startPostgres(): Promise<TestPostgres> {
  const bin = postgresPrograms();
  if (bin === undefined) throw new Error("PostgreSQL is not installed");
  const folder = await mkdtemp(join(tmpdir(), "isocenter-postgres-"));
  if ("uid" in identity) await chown(folder, nobody, nobody);
  await run(
    join(bin, "initdb"),
    ["-D", join(folder, "data"), "-A", "trust", "-U", "iso", "--no-sync", "-E", "UTF8"],
    {
      ...identity,
      cwd: folder,
    },
  );
  const port = await freePort();
  let server: ChildProcess;
  let databases = 0;
  const url = (name: string): string => `postgres://iso@127.0.0.1:${port}/${name}`;
  const start = async (): Promise<void> => {
    const args = [
      "-D",
      join(folder, "data"),
      "-p",
      String(port),
      "-k",
      folder,
      "-c",
      "listen_addresses=127.0.0.1",
    ];
    server = spawn(join(bin, "postgres"), [...args, "-c", "fsync=off", "-c", "max_connections=200"], {
      ...identity,
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"],
    });
    await ready(server);
  };
  const end = (signal: NodeJS.Signals): Promise<void> => {
    const ended = new Promise<void>((resolve) => {
      server.once("exit", () => resolve());
    });
    server.kill(signal);
    return ended;
  };
  await start();
  return {
    async createDatabase() {
      const client = new pg.Client(url("postgres"));
      await client.connect();
      const name = `t${++databases}`;
      await client.query(`create database ${name}`);
      await client.end();
      return url(name);
    },
    // SIGQUIT is the server's own "immediate shutdown": no checkpoint, recovery at the next start.
    kill: () => end("SIGQUIT"),
    start,
    async stop() {
      await end("SIGQUIT");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The server says on stderr when it takes connections. */
function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = "";
    server.stderr?.on("data", (chunk: Buffer) => {
      log += chunk.toString();
      if (log.includes("ready to accept connections")) resolve();
    });
    server.once("exit", (code) => reject(new Error(`postgres ended with ${code}: ${log}`)));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
