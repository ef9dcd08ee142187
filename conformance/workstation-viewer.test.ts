/** The viewer in a real browser, against the real server: what is shown is what the decoder says, and measures true. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeFrame, samplesOf } from "@isocenter/codecs";
import { decodePart10, framesOf } from "@isocenter/dicom";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { greyAt, launchBrowser, openPage, screenshot } from "./support/browser.ts";
import { phantom, stow } from "./support/phantom.ts";
import { demoFolder, hasProgram, temporaryFolder } from "./support/processes.ts";
import { type IsocenterServer, startIsocenter } from "./support/servers.ts";

const brain = "2.25.284166135117892233769929548351729671623";
const brainSeries = "2.25.23921833799384974046880251301217631009";
const abdomen = "2.25.254042517021661629272392701018258281105";
const head = "2.25.276350654003307036355493250315264667225";

describe.skipIf(!hasProgram("chromium"))("the viewer", () => {
  let folder: { path: string; remove(): Promise<void> };
  let server: IsocenterServer;
  let browser: Browser;
  const figures: string[] = [];
  beforeAll(async () => {
    folder = await temporaryFolder();
    server = await startIsocenter(join(folder.path, "data"), { demo: true });
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await folder?.remove();
    process.stdout.write(`\n${figures.join("\n")}\n`);
  });

  const open = async (address: string, options: Parameters<typeof openPage>[2] = {}) => {
    const opened = await openPage(browser, `${server.http}/${address}`, options);
    await opened.page.getByTestId("slice").first().waitFor();
    return opened;
  };
  const slice = (page: Page): Promise<string | null> => page.getByTestId("slice").first().textContent();

  it("shows the first image of a study of 192 slices soon after the click, and scrolls them", async () => {
    const { page, problems } = await openPage(browser, server.http);
    const row = page.getByRole("row", { name: /Lindqvist/ });
    await row.waitFor();
    // As long as someone looks for a study; the viewer comes in meanwhile.
    await page.waitForTimeout(4000);
    await row.click();
    const button = page.getByRole("button", { name: "Open", exact: true });
    await button.waitFor();
    await page.waitForTimeout(500);
    await page.evaluate(() => {
      const state = window as unknown as { firstImage: number };
      const start = (): void => {
        const begin = performance.now();
        const look = (): void => {
          const canvas = document.querySelector<HTMLCanvasElement>(".picture canvas");
          const context = canvas?.getContext("2d");
          if (canvas && context && canvas.width > 0) {
            const { data } = context.getImageData(canvas.width / 2 - 60, canvas.height / 2 - 60, 120, 120);
            if (data.some((value, index) => index % 4 === 0 && value > 60)) {
              state.firstImage = performance.now() - begin;
              return;
            }
          }
          requestAnimationFrame(look);
        };
        look();
      };
      document.querySelector(".detail .primary")?.addEventListener("click", start, { capture: true });
    });
    await button.click();
    await page.waitForFunction(() => (window as unknown as { firstImage?: number }).firstImage !== undefined);
    const first = await page.evaluate(() => (window as unknown as { firstImage: number }).firstImage);
    figures.push(`first image of 192 slices, from the click: ${Math.round(first)} ms`);
    await screenshot(page, "viewer-brain");
    expect(first).toBeLessThan(600);

    await page.getByText(/ of 192 loaded/).waitFor({ state: "detached", timeout: 60_000 });
    await page.keyboard.press("Home");
    await expect.poll(() => slice(page)).toBe("1 / 192");
    // Each step waits for the image before it to be on screen, as a held key does.
    const rate = await page.evaluate(async () => {
      const picture = document.querySelector(".picture");
      const label = document.querySelector('[data-testid="slice"]');
      const begin = performance.now();
      for (let at = 0; at < 191; at++) {
        const rendered = new Promise<void>((resolve) => {
          picture?.addEventListener("CORNERSTONE_IMAGE_RENDERED", () => resolve(), { once: true });
        });
        document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true }));
        await rendered;
      }
      const seconds = (performance.now() - begin) / 1000;
      await new Promise((resolve) => setTimeout(resolve, 200));
      return { perSecond: 191 / seconds, label: label?.textContent };
    });
    figures.push(`scrolling 192 loaded slices: ${rate.perSecond.toFixed(1)} images/s`);
    expect(rate.label).toBe("192 / 192");
    expect(rate.perSecond).toBeGreaterThan(30);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("shows the values of the decoder, in the window that is set", async () => {
    const { page, problems } = await open(`#/view/${abdomen}?smooth=0`);
    await page.getByRole("button", { name: "Actual pixels" }).click();
    for (let times = 0; times < 8; times++) await page.keyboard.press("+");
    const file = decodePart10(
      new Uint8Array(await readFile(join(demoFolder, "DEMO-0005/ST1/SE2/IM0001.dcm"))),
    );
    const frame = await decodeFrame(
      framesOf(file.dataSet, file.transferSyntaxUid),
      file.transferSyntaxUid,
      0,
    );
    const samples = samplesOf(frame);
    const slope = file.dataSet.number("RescaleSlope") ?? 1;
    const intercept = file.dataSet.number("RescaleIntercept") ?? 0;
    // Which of the three slices this is, does the page know: its values must be one file's all through.
    await page.keyboard.press("Home");
    let compared = 0;
    for (const preset of ["0", "1", "3"]) {
      await page.keyboard.press(preset);
      await page.waitForTimeout(300);
      for (const [x, y] of [
        [520, 300],
        [611, 402],
        [703, 480],
        [560, 520],
        [650, 610],
      ] as const) {
        const { column, row, value, grey, window } = await lookAt(page, x, y);
        const expected = Number(samples[row * frame.columns + column]) * slope + intercept;
        if (preset === "0" && compared === 0 && value !== expected) break;
        expect(value).toBe(expected);
        const shade = (value - (window.center - 0.5)) / (window.width - 1) + 0.5;
        expect(Math.abs(grey - Math.min(255, Math.max(0, Math.round(shade * 255))))).toBeLessThanOrEqual(2);
        compared++;
      }
    }
    expect(compared).toBe(15);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("shows values that are no whole numbers as they are, by WebGL", async () => {
    const made = phantom({
      slope: 0.5,
      intercept: -100.25,
      value: (column, row) => ((column >> 5) * 97 + (row >> 5) * 211) % 1200,
    });
    await stow(server.http, made.files);
    const { page } = await open(`#/view/${made.studyUid}?smooth=0`);
    for (const [x, y] of [
      [420, 300],
      [611, 402],
      [703, 480],
    ] as const) {
      const { column, row, value, grey, window } = await lookAt(page, x, y);
      const stored = ((column >> 5) * 97 + (row >> 5) * 211) % 1200;
      expect(value).toBeCloseTo(stored * 0.5 - 100.25, 1);
      const shade = (value - (window.center - 0.5)) / (window.width - 1) + 0.5;
      expect(Math.abs(grey - Math.min(255, Math.max(0, Math.round(shade * 255))))).toBeLessThanOrEqual(2);
    }
    await page.context().close();
  });

  it("measures a known distance within half a percent, saves it with a key image, and reads both back", async () => {
    // Two points, 120 columns of 0.5 mm and 80 rows of 0.75 mm apart: √(60² + 60²) mm.
    const made = phantom({
      pixelSpacing: [0.75, 0.5],
      value: (column, row) =>
        (column === 68 && row === 88) || (column === 188 && row === 168) ? 3000 : 1000,
    });
    await stow(server.http, made.files);
    const { page, problems } = await open(`#/view/${made.studyUid}?smooth=0&panel=1`);
    const [from, to] = await brightSpots(page);
    await page.keyboard.press("l");
    await page.waitForTimeout(200);
    await page.mouse.move(...from);
    await page.mouse.down();
    await page.mouse.move((from[0] + to[0]) / 2, (from[1] + to[1]) / 2, { steps: 4 });
    await page.mouse.move(...to, { steps: 4 });
    await page.mouse.up();
    const panel = page.getByRole("complementary", { name: "Measurements and key images" });
    await panel.getByText(/mm$/).first().waitFor();
    await page.waitForTimeout(800);
    const shown = await panel.locator(".measurement strong").first().innerText();
    const millimetres = Number(shown.replace(" mm", ""));
    const truth = Math.hypot(60, 60);
    await screenshot(page, "viewer-length");
    figures.push(`a distance of ${truth.toFixed(2)} mm measures ${millimetres} mm`);
    expect(Math.abs(millimetres - truth) / truth).toBeLessThan(0.005);

    await page.keyboard.press("q");
    await page.waitForTimeout(200);
    await page.mouse.move(from[0] + 30, from[1] + 90);
    await page.mouse.down();
    await page.mouse.move(from[0] + 110, from[1] + 170, { steps: 6 });
    await page.mouse.up();
    await panel.getByText("-24 HU").first().waitFor();
    await page.keyboard.press("k");
    await panel.getByRole("button", { name: "Save 2 as a structured report" }).click();
    await panel.getByText("2 saved as a structured report").waitFor();
    await panel.getByRole("button", { name: "Save 1 key image" }).click();
    await panel.getByText("1 saved as key objects").waitFor();
    await screenshot(page, "viewer-measured");
    expect(problems).toEqual([]);
    await page.context().close();

    const again = await open(`#/view/${made.studyUid}?panel=1`);
    const read = again.page.getByRole("complementary", { name: "Measurements and key images" });
    await read.getByText("From a saved report").first().waitFor();
    await read.getByText(/mm$/).first().waitFor();
    const values = await read.locator(".measurement strong").allInnerTexts();
    expect(values).toHaveLength(2);
    expect(values).toContain(shown);
    expect(await read.getByText("1 saved as key objects").count()).toBe(1);
    expect(await again.page.locator(".key-mark").count()).toBe(1);
    expect(again.problems).toEqual([]);
    await again.page.context().close();
  });

  it("measures in pixels where no size is known, and says so", async () => {
    const made = phantom({ modality: "OT", pixelSpacing: null, intercept: 0, value: () => 100 });
    await stow(server.http, made.files);
    const { page } = await open(`#/view/${made.studyUid}?panel=1`);
    await page.getByText("No pixel size: lengths in pixels").waitFor();
    expect(await page.getByTestId("scale-bar").count()).toBe(0);
    await page.keyboard.press("l");
    await page.waitForTimeout(200);
    await page.mouse.move(400, 300);
    await page.mouse.down();
    await page.mouse.move(600, 300, { steps: 6 });
    await page.mouse.up();
    await page.locator(".measurement strong").getByText(/ px$/).waitFor();
    await page.context().close();
  });

  it("names the sides of the patient, also when the image is turned and flipped", async () => {
    const made = phantom({ value: (column) => column * 4 });
    await stow(server.http, made.files);
    const { page } = await open(`#/view/${made.studyUid}`);
    const letters = async (): Promise<string> => {
      await page.waitForTimeout(250);
      const edges = ["left", "top", "right", "bottom"];
      return (await Promise.all(edges.map((edge) => page.getByTestId(`letter-${edge}`).textContent()))).join(
        "",
      );
    };
    expect(await letters()).toBe("RALP");
    await page.keyboard.press(".");
    expect(await letters()).toBe("PRAL");
    await page.keyboard.press("r");
    await page.keyboard.press("h");
    expect(await letters()).toBe("LARP");
    await page.keyboard.press("h");
    await page.keyboard.press("v");
    expect(await letters()).toBe("RPLA");
    await page.context().close();
  });

  it("cuts a volume in three planes", async () => {
    const { page, problems } = await open(`#/view/${brain}`);
    await page.getByRole("radio", { name: "MPR" }).click();
    await page.getByText(/Loading the volume/).waitFor({ state: "detached", timeout: 90_000 });
    await page.waitForTimeout(2500);
    for (const plane of ["Axial", "Sagittal", "Coronal"]) {
      const box = await page.getByRole("region", { name: plane }).boundingBox();
      expect(box).not.toBeNull();
      const greys = await page
        .getByRole("region", { name: plane })
        .locator("canvas")
        .first()
        .evaluate((canvas: HTMLCanvasElement) => {
          const { width, height } = canvas;
          const data = canvas.getContext("2d")?.getImageData(0, 0, width, height).data ?? [];
          return new Set([...data].filter((_, index) => index % 4 === 0)).size;
        });
      expect(greys).toBeGreaterThan(60);
    }
    await screenshot(page, "viewer-mpr");
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("opens where an address points: study, image, layout and tool", async () => {
    const { page } = await open(
      `#/view/${brain}?show=${brainSeries}@20;${brainSeries}@90&layout=1x2&tool=length`,
    );
    await expect.poll(() => page.getByTestId("slice").allTextContents()).toEqual(["20 / 192", "90 / 192"]);
    expect(await page.getByRole("button", { name: "Length" }).getAttribute("aria-pressed")).toBe("true");
    await page.getByRole("button", { name: "Scroll together" }).click();
    await page.getByTestId("slice").first().waitFor();
    await page.locator(".pane").first().click();
    await page.keyboard.press("PageDown");
    await expect.poll(() => page.getByTestId("slice").first().textContent()).toBe("30 / 192");
    await page.context().close();
  });

  it("reads reports and documents", async () => {
    const { page, problems } = await open(`#/view/${head}`);
    await page.getByRole("button", { name: /CT head report/ }).click();
    await page.locator(".pdf-page canvas").first().waitFor();
    await page.waitForTimeout(800);
    await screenshot(page, "viewer-pdf");
    await page.getByRole("button", { name: /Key images/ }).click();
    await page.getByRole("article").waitFor();
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("compares with a prior: scrolls both together, and shows where one cuts the other", async () => {
    const patient = { patientId: "PHANTOM-2", patientName: "Phantom^Twice" };
    const now = phantom({ ...patient, slices: 40, sliceSpacing: 2, value: (column) => 900 + column });
    const before = phantom({
      ...patient,
      slices: 20,
      sliceSpacing: 4,
      value: (_, row) => 900 + row,
      attributes: { StudyDate: "20250102" },
    });
    await stow(server.http, [...now.files, ...before.files]);
    const { page, problems } = await open(`#/view/${now.studyUid}`);
    await page.getByRole("button", { name: /2025-01-02/ }).click();
    await expect.poll(() => page.getByTestId("slice").count()).toBe(2);
    expect(await page.getByRole("button", { name: "Scroll together" }).getAttribute("aria-pressed")).toBe(
      "true",
    );
    const [left, right] = (await page.getByTestId("slice").allTextContents()).map((text) =>
      Number.parseInt(text, 10),
    );
    await page
      .locator(".pane")
      .first()
      .click({ position: { x: 200, y: 200 } });
    await page.keyboard.press("PageUp");
    await expect.poll(() => page.getByTestId("slice").first().textContent()).toBe(`${(left ?? 0) - 10} / 40`);
    await expect.poll(() => page.getByTestId("slice").last().textContent()).toBe(`${(right ?? 0) - 5} / 20`);
    await screenshot(page, "viewer-compare");
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("plays a cine at the rate that its images ask for", async () => {
    const { page, problems } = await open("#/view/2.25.26068203710483956374315364246911133689");
    await page.getByText(/ of 30 loaded/).waitFor({ state: "detached", timeout: 30_000 });
    await page.getByRole("button", { name: "Play" }).click();
    const shown = await page.evaluate(async () => {
      let count = 0;
      const picture = document.querySelector(".picture");
      picture?.addEventListener("CORNERSTONE_STACK_NEW_IMAGE", () => count++);
      await new Promise((resolve) => setTimeout(resolve, 2000));
      return count / 2;
    });
    figures.push(`a cine of 30 images/s plays at ${shown} images/s`);
    expect(shown).toBeGreaterThan(15);
    expect(shown).toBeLessThan(33);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("gives memory back when studies are closed", async () => {
    const { page } = await openPage(browser, server.http);
    const session = await page.context().newCDPSession(page);
    const used = async (): Promise<number> => {
      await page.waitForTimeout(1500);
      await session.send("HeapProfiler.collectGarbage");
      await session.send("HeapProfiler.collectGarbage");
      const usage = (await session.send("Runtime.getHeapUsage")) as {
        usedSize: number;
        backingStorageSize?: number;
      };
      return (usage.usedSize + (usage.backingStorageSize ?? 0)) / 2 ** 20;
    };
    const visit = async (study: string): Promise<void> => {
      await page.goto(`${server.http}/#/view/${study}`);
      await page.getByTestId("slice").first().waitFor();
      await page.waitForTimeout(700);
      await page.goto(`${server.http}/#/studies`);
      await page.getByRole("table", { name: "Studies" }).waitFor();
    };
    // Metadata stays half a minute for whoever comes back: both have been here before.
    for (const study of [head, brain, head]) await visit(study);
    const before = await used();
    for (let time = 0; time < 5; time++) for (const study of [brain, head]) await visit(study);
    const after = await used();
    figures.push(
      `memory after ten more studies: ${before.toFixed(0)} MB before, ${after.toFixed(0)} MB after`,
    );
    expect(after).toBeLessThan(before * 1.2);
    await page.context().close();
  });

  it("shows slices without WebGL, and says why there is no MPR", async () => {
    const plain = await launchBrowser(["--disable-3d-apis"]);
    try {
      const { page, problems } = await openPage(plain, `${server.http}/#/view/${brain}`);
      await page.getByTestId("slice").waitFor();
      await page.waitForTimeout(1000);
      expect(await greyAt(page, 700, 480)).toBeGreaterThan(20);
      const mpr = page.getByRole("radio", { name: "MPR" });
      expect(await mpr.isDisabled()).toBe(true);
      expect(await page.getByRole("radiogroup").getAttribute("title")).toContain("need WebGL");
      expect(problems).toEqual([]);
    } finally {
      await plain.close();
    }
  });

  it("keeps to its budget with a series larger than it, and scrolls it", async () => {
    const made = phantom({
      slices: 300,
      rows: 512,
      columns: 512,
      value: (column, row, at) => (column + row + at * 8) % 4096,
    });
    for (let from = 0; from < made.files.length; from += 50)
      await stow(server.http, made.files.slice(from, from + 50));
    const { page, problems } = await open(`#/view/${made.studyUid}`, { memoryBudget: 64 });
    await page.getByText(/larger than the memory for images/).waitFor();
    await page.keyboard.press("Home");
    for (let at = 0; at < 12; at++) {
      for (let step = 0; step < 25; step++) await page.keyboard.press("ArrowDown");
      await page.waitForTimeout(150);
    }
    await page.keyboard.press("End");
    await expect.poll(() => slice(page), { timeout: 20_000 }).toBe("300 / 300");
    await page.waitForTimeout(1500);
    const used = await page.locator(".memory").innerText();
    const megabytes = Number(/memory: (\d+) MB/.exec(used)?.[1]);
    figures.push(`150 MB of images in a budget of 64 MB: ${megabytes} MB in memory`);
    expect(megabytes).toBeLessThanOrEqual(64);
    expect(problems).toEqual([]);
    await page.context().close();
  });
});

interface Looked {
  readonly column: number;
  readonly row: number;
  readonly value: number;
  readonly grey: number;
  readonly window: { readonly width: number; readonly center: number };
}

/** What the page says of the pixel under the pointer, and what it drew there: well inside it, where edges do not matter. */
async function lookAt(page: Page, nearX: number, nearY: number): Promise<Looked> {
  const saidAt = async (left: number, top: number): Promise<string> => {
    await page.mouse.move(left, top);
    await page.waitForTimeout(60);
    return (await page.getByTestId("pixel").textContent()) ?? "";
  };
  let [x, y] = [nearX, nearY];
  while ((await saidAt(x - 1, y)) !== (await saidAt(x + 1, y))) x++;
  while ((await saidAt(x, y - 1)) !== (await saidAt(x, y + 1))) y++;
  const said = await saidAt(x, y);
  const [, column, row, value] = /(\d+), (\d+): (-?[\d.]+)/.exec(said) ?? [];
  const corner = await page.locator(".corner.bottom.right").innerText();
  const [, width, center] = /W (-?[\d.]+) L (-?[\d.]+)/.exec(corner) ?? [];
  return {
    column: Number(column),
    row: Number(row),
    value: Number(value),
    grey: await greyAt(page, x, y),
    window: { width: Number(width), center: Number(center) },
  };
}

/** Middles of the two white spots on the page, the upper first. */
async function brightSpots(page: Page): Promise<readonly [[number, number], [number, number]]> {
  await expect
    .poll(() =>
      page
        .locator(".picture canvas")
        .first()
        .evaluate((canvas: HTMLCanvasElement) => canvas.width),
    )
    .toBeGreaterThan(0);
  await page.waitForTimeout(600);
  return page
    .locator(".picture canvas")
    .first()
    .evaluate((canvas: HTMLCanvasElement) => {
      const box = canvas.getBoundingClientRect();
      const data = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
      const spots = [
        { x: 0, y: 0, count: 0 },
        { x: 0, y: 0, count: 0 },
      ];
      for (let at = 0; at < data.length; at += 4) {
        if ((data[at] ?? 0) < 250) continue;
        const pixel = at / 4;
        const [x, y] = [pixel % canvas.width, Math.floor(pixel / canvas.width)];
        const spot = spots[y < canvas.height / 2 ? 0 : 1];
        if (spot === undefined) continue;
        spot.x += x + 0.5;
        spot.y += y + 0.5;
        spot.count++;
      }
      const [upper, lower] = spots.map(({ x, y, count }): [number, number] => [
        box.left + x / count,
        box.top + y / count,
      ]);
      return [upper ?? [0, 0], lower ?? [0, 0]] as const;
    });
}
