/** The checks of the data layer and the codecs outside Node: the same source, in Chromium and in workerd. */
import { readdirSync } from "node:fs";
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
    worker = new Miniflare({
      modules: true,
      script: await bundle("worker-entry.ts"),
      compatibilityDate: "2026-04-01",
      cf: false,
    });
    await worker.ready;
  });
  afterAll(() => worker.dispose());

  it.each(names)("%s", async (name) => {
    const [bytes, oracle] = await Promise.all([
      readFile(join(root, name)),
      readFile(join(root, `${name}.dump.json`)),
    ]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(oracle.length);
    const response = await worker.dispatchFetch(`http://worker/${name}`, {
      method: "POST",
      body: Buffer.concat([length, oracle, bytes]),
    });
    expect(response.status).toBe(200);
    expect(wrong((await response.json()) as Found)).toEqual([]);
  });
});
