/** Debian's Chromium with a fresh profile, and screenshots as artefacts of a run. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { repository } from "./processes.ts";

/** @param extra arguments beside those that every run has */
export function launchBrowser(extra: readonly string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...extra,
    ],
  });
}

/** A page that collects what goes wrong in it: console errors, exceptions, failed requests to our origin. */
export async function openPage(
  browser: Browser,
  url: string,
  options: {
    readonly colorScheme?: "light" | "dark";
    readonly width?: number;
    readonly height?: number;
    /** MB for decoded images. */
    readonly memoryBudget?: number;
    readonly locale?: string;
  } = {},
): Promise<{ page: Page; problems: string[] }> {
  const { colorScheme = "light", width = 1440, height = 900, memoryBudget, locale = "en-US" } = options;
  const context = await browser.newContext({ colorScheme, viewport: { width, height }, locale });
  // The page is dark unless asked; here the system's choice is asked for, so that both are seen.
  await context.addInitScript(() => {
    if (localStorage.getItem("isocenter.theme") === null) localStorage.setItem("isocenter.theme", '"system"');
  });
  if (memoryBudget !== undefined) {
    await context.addInitScript(
      (bytes) => {
        localStorage.setItem("isocenter.image-memory", String(bytes));
      },
      memoryBudget * 2 ** 20,
    );
  }
  const page = await context.newPage();
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  await page.goto(url);
  return { page, problems };
}

/** Into artifacts/, which git ignores. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const folder = join(repository, "artifacts/screenshots");
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}

/** The red of what a viewer's canvas drew at a place of the page. */
export function greyAt(page: Page, x: number, y: number): Promise<number> {
  return page.evaluate(
    ([left, top]) => {
      const canvas = [...document.querySelectorAll<HTMLCanvasElement>(".picture canvas")].find((one) => {
        const box = one.getBoundingClientRect();
        return left >= box.left && left < box.right && top >= box.top && top < box.bottom;
      });
      const box = canvas?.getBoundingClientRect();
      const scale = canvas === undefined || box === undefined ? 1 : canvas.width / box.width;
      const at = [(left - (box?.left ?? 0)) * scale, (top - (box?.top ?? 0)) * scale] as const;
      return canvas?.getContext("2d")?.getImageData(Math.floor(at[0]), Math.floor(at[1]), 1, 1).data[0] ?? -1;
    },
    [x, y] as const,
  );
}
