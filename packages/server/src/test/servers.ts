/** Whole servers on free ports, for tests of what happens between them. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { instanceFromFile } from "@isocenter/archive";
import { defaultConfig, type ServerConfig } from "../config/config.ts";
import { type RunningServer, type StartOptions, startServer } from "../server.ts";

export const demoFolder = fileURLToPath(new URL("../../../../demo", import.meta.url));
const anyPort = { host: "127.0.0.1", port: 0 };

export interface TestServer extends AsyncDisposable {
  readonly server: RunningServer;
  readonly folder: string;
  /** `http://127.0.0.1:…`. */
  readonly http: string;
  readonly config: ServerConfig;
  /** The server again, on the same folder and the same ports. */
  restart(): Promise<TestServer>;
}

export async function testServer(
  config: Partial<ServerConfig> = {},
  options: StartOptions = {},
): Promise<TestServer> {
  const folder = config.dataFolder ?? (await mkdtemp(join(tmpdir(), "isocenter-server-")));
  const whole = { ...defaultConfig, http: anyPort, dicom: anyPort, ...config, dataFolder: folder };
  const server = await startServer(whole, options);
  return {
    server,
    folder,
    config: whole,
    http: `http://127.0.0.1:${server.http.port}`,
    async restart() {
      await server.close();
      return testServer({ ...whole, http: server.http, dicom: server.dicom }, options);
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Files of the demo hospital below a folder of it, such as `DEMO-0001`. */
export async function demoFiles(below = ""): Promise<string[]> {
  const entries = await readdir(join(demoFolder, below), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.name.endsWith(".dcm"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** @returns how many were stored */
export async function loadFiles({ server }: TestServer, files: readonly string[]): Promise<number> {
  for (const file of files) {
    const outcome = await server.archive.storeOne(await instanceFromFile(file));
    if (outcome.kind !== "stored") throw new Error(`${file}: ${outcome.kind}`);
  }
  return files.length;
}

export function post(url: string, body: unknown, init: Omit<RequestInit, "headers"> = {}): Promise<Response> {
  return fetch(url, {
    method: "POST",
    body: JSON.stringify(body),
    ...init,
    headers: { "content-type": "application/json" },
  });
}

/** Lines of newline-delimited JSON. */
export async function linesOf(response: Response): Promise<Record<string, unknown>[]> {
  const text = await response.text();
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

export interface SentEvent {
  readonly id: string;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** Server-sent events until the reader leaves. */
export async function* eventsOf(response: Response): AsyncGenerator<SentEvent> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const fields = new Map(
        text
          .slice(0, end)
          .split("\n")
          .map((line): [string, string] => [
            line.split(": ", 1)[0] ?? "",
            line.slice(line.indexOf(": ") + 2),
          ]),
      );
      text = text.slice(end + 2);
      const data = fields.get("data");
      if (data === undefined) continue;
      yield {
        id: fields.get("id") ?? "",
        event: fields.get("event") ?? "",
        data: JSON.parse(data) as Record<string, unknown>,
      };
    }
  }
}

/** Asks again until it is so; the limit is for a failure, and nothing waits for it otherwise. */
export async function eventually<T>(ask: () => Promise<T> | T, isSo: (value: T) => boolean): Promise<T> {
  const end = performance.now() + 20_000;
  for (;;) {
    const value = await ask();
    if (isSo(value)) return value;
    if (performance.now() > end)
      throw new Error(`It did not come about; the last was ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A promise, and what settles it. */
export function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
