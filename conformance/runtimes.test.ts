/** The checks of the data layer and the codecs outside Node: the same source, in Chromium and in workerd. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { join, normalize } from "node:path";
import { Miniflare } from "miniflare";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readableFixtures } from "../packages/dicom/src/test/fixtures.ts";
import { bundle } from "./runtimes/bundle.ts";
import { launchBrowser } from "./support/browser.ts";
import { hasProgram, repository } from "./support/processes.ts";

const root = join(repository, "fixtures/");
const names = readableFixtures(root);
const pixelNames = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".pixels.json"))
  .map((name) => name.slice(0, -".pixels.json".length));
type Found = Record<string, readonly string[]>;
const wrong = (found: Found): [string, readonly string[]][] =>
  Object.entries(found).filter(([, problems]) => problems.length > 0);

describe.skipIf(!hasProgram("chromium"))("in Chromium", () => {
  let server: Server;
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    const script = await bundle("browser-entry.ts");
    server = createServer((request, response) => {
      const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
      if (path === "/")
        return void response
          .setHeader("content-type", "text/html")
          .end("<!doctype html><script type=module src=/entry.js></script>");
      if (path === "/entry.js") return void response.setHeader("content-type", "text/javascript").end(script);
      if (path === "/favicon.ico") return void response.writeHead(204).end();
      readFile(join(repository, normalize(path))).then(
        (bytes) => response.end(bytes),
        () => response.writeHead(404).end(),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    browser = await launchBrowser();
    page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.waitForFunction("typeof runChecks === 'function'");
  });
  afterAll(async () => {
    await browser.close();
    await new Promise((resolve) => server.close(resolve));
  });

  it.each(names)("%s", async (name) => {
    expect(wrong(await page.evaluate(`runChecks(${JSON.stringify(name)})`))).toEqual([]);
  });

  it.each(pixelNames)("%s has the oracle's frames", async (name) => {
    expect(await page.evaluate(`runPixelCheck(${JSON.stringify(name)})`)).toEqual([]);
  });
});

describe("in workerd", () => {
  let worker: Miniflare;
  beforeAll(async () => {
    const script = await bundle("worker-entry.ts");
    const wasm = [...script.matchAll(/"wasm:([^"]+)"/g)].map(([, path = ""]) => path);
    expect(wasm).toHaveLength(3);
    worker = new Miniflare({
      modules: [
        { type: "ESModule", path: "worker.js", contents: script.replaceAll('"wasm:', '"./wasm/') },
        ...wasm.map((path) => ({
          type: "CompiledWasm" as const,
          path: `wasm/${path}`,
          contents: readFileSync(join(repository, "node_modules/@cornerstonejs", path)),
        })),
      ],
      compatibilityDate: "2026-04-01",
      compatibilityFlags: ["nodejs_compat"],
      cf: false,
    });
    await worker.ready;
  });
  afterAll(() => worker.dispose());

  async function check(path: string, oracle: string, frame: Buffer, file: string): Promise<Found> {
    const parts = [await readFile(join(root, oracle)), frame].flatMap((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(part.length);
      return [length, part];
    });
    const body = Buffer.concat([...parts, await readFile(join(root, file))]);
    const response = await worker.dispatchFetch(`http://worker/${path}`, { method: "POST", body });
    expect(response.status).toBe(200);
    return (await response.json()) as Found;
  }

  it.each(names)("%s", async (name) => {
    expect(wrong(await check(name, `${name}.dump.json`, Buffer.alloc(0), name))).toEqual([]);
  });

  it.each(pixelNames)("%s has the oracle's frames", async (name) => {
    const first = join(root, `${name}.frame0.raw.gz`);
    const frame = existsSync(first) ? await readFile(first) : Buffer.alloc(0);
    expect(wrong(await check(`pixels/${name}`, `${name}.pixels.json`, frame, name))).toEqual([]);
  });
});
