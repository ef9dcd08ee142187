/** Debian's Chromium with a fresh profile, and screenshots as artefacts of a run. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { repository } from "./processes.ts";

export function launchBrowser(): Promise<Browser> {
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
  } = {},
): Promise<{ page: Page; problems: string[] }> {
  const { colorScheme = "light", width = 1440, height = 900 } = options;
  const context = await browser.newContext({ colorScheme, viewport: { width, height }, locale: "en-US" });
  // The page is dark unless asked; here the system's choice is asked for, so that both are seen.
  await context.addInitScript(() => {
    if (localStorage.getItem("isocenter.theme") === null) localStorage.setItem("isocenter.theme", '"system"');
  });
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
