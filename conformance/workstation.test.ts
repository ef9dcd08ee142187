/** The workstation in a real browser: the local archive's studies, and an Orthanc connected and queried by hand. */
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { greyAt, launchBrowser, openPage, screenshot } from "./support/browser.ts";
import { demoFolder, freePort, hasProgram, isocenterBin, run, temporaryFolder } from "./support/processes.ts";
import { type IsocenterServer, type OrthancServer, startIsocenter, startOrthanc } from "./support/servers.ts";

describe.skipIf(!hasProgram("chromium") || !hasProgram("Orthanc"))("the workstation", () => {
  let folder: { path: string; remove(): Promise<void> };
  let server: IsocenterServer;
  let orthanc: OrthancServer;
  let browser: Browser;
  beforeAll(async () => {
    folder = await temporaryFolder();
    server = await startIsocenter(join(folder.path, "data"), { demo: true });
    orthanc = await startOrthanc(join(folder.path, "orthanc"), { DicomAlwaysAllowGet: true });
    const sent = await run(process.execPath, [
      isocenterBin,
      "store",
      `127.0.0.1:${orthanc.port}`,
      "-aec",
      "ORTHANC",
      ...["DEMO-0002", "DEMO-0003", "DEMO-0005"].map((patient) => join(demoFolder, patient)),
    ]);
    expect(sent.code, sent.stderr).toBe(0);
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await orthanc.stop();
    await server.stop();
    await folder.remove();
  });

  it.each(["light", "dark"] as const)("shows the archive's studies at once (%s)", async (colorScheme) => {
    const { page, problems } = await openPage(browser, server.http, { colorScheme });
    const rows = page.getByRole("table", { name: "Studies" }).locator("tbody tr");
    await rows.first().waitFor();
    expect(await rows.count()).toBe(9);
    await screenshot(page, `studies-${colorScheme}`);
    await rows.first().click();
    await page.getByRole("complementary").waitFor();
    await page.waitForTimeout(300);
    await screenshot(page, `study-${colorScheme}`);
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it.each(["light", "dark"] as const)(
    "connects to Orthanc and sees its studies (%s)",
    async (colorScheme) => {
      const { page, problems } = await openPage(browser, server.http, { colorScheme });
      await page.getByRole("link", { name: "Connect to a PACS" }).click();
      await page.getByLabel("Host").fill("127.0.0.1");
      await page.getByLabel("Port").fill(String(orthanc.port));
      await page.getByLabel("Calling AE title").fill("ISOCENTER");
      await page.getByLabel("Called AE title").fill("ORTHANC");
      await page.getByRole("button", { name: "Connect", exact: true }).click();
      await page.getByRole("button", { name: "Query this PACS" }).waitFor();
      await screenshot(page, `connected-${colorScheme}`);
      await page.getByRole("button", { name: "Query this PACS" }).click();
      await page.getByRole("button", { name: "Search" }).click();
      const rows = page.getByRole("table", { name: "Studies" }).locator("tbody tr");
      await rows.first().waitFor();
      expect(await rows.count()).toBe(3);
      const text = (await rows.allInnerTexts()).join("\n");
      for (const patient of ["DEMO-0002", "DEMO-0003", "DEMO-0005"]) expect(text).toContain(patient);
      await screenshot(page, `orthanc-${colorScheme}`);

      await page.getByLabel("Patient ID").fill("DEMO-0003");
      await page.getByRole("button", { name: "Search" }).click();
      await page.getByText("1 study", { exact: true }).waitFor();
      expect(await rows.count()).toBe(1);
      expect(problems).toEqual([]);

      // The form remembers what was connected to.
      await page.reload();
      await page.getByRole("link", { name: "Connect to a PACS" }).click();
      expect(await page.getByLabel("Called AE title").inputValue()).toBe("ORTHANC");
      await page.context().close();
    },
  );

  it("shows the images of a PACS that has no DICOMweb", async () => {
    const { page, problems } = await openPage(browser, server.http);
    const peers = (await (await fetch(`${server.http}/api/dicom/peers`)).json()) as {
      peers: { id: string }[];
    };
    await page.goto(`${server.http}/#/studies?source=${peers.peers[0]?.id}`);
    await page.getByRole("button", { name: "Search" }).click();
    await page.getByRole("row", { name: /Moreau/ }).click();
    await page.getByRole("button", { name: "Open", exact: true }).click();
    await page.getByTestId("slice").waitFor({ timeout: 60_000 });
    expect(await page.getByTestId("slice").textContent()).toMatch(/ \/ 16$/);
    await page.waitForTimeout(1500);
    expect(await greyAt(page, 760, 480)).toBeGreaterThan(10);
    await screenshot(page, "orthanc-viewer");
    expect(problems).toEqual([]);
    await page.context().close();
  });

  it("says what is wrong when a PACS does not answer", async () => {
    const { page } = await openPage(browser, server.http);
    const port = await freePort();
    await page.getByRole("link", { name: "Connect to a PACS" }).click();
    await page.getByLabel("Host").fill("127.0.0.1");
    await page.getByLabel("Port").fill(String(port));
    await page.getByLabel("Called AE title").fill("NOBODY");
    await page.getByRole("button", { name: "Connect", exact: true }).click();
    await page.getByText(`Nothing accepts connections at 127.0.0.1:${port}.`).waitFor();
    await screenshot(page, "connection-refused");

    await page.getByLabel("Port").fill(String(orthanc.port));
    await page.getByRole("button", { name: "Connect", exact: true }).click();
    await page.getByText('it does not go by the called AE title "NOBODY"').waitFor();
    await screenshot(page, "rejected");
    await page.context().close();
  });

  it("shows what it is in the about panel", async () => {
    const { page, problems } = await openPage(browser, server.http, { width: 900, height: 700 });
    await page.getByRole("link", { name: "About" }).click();
    await page.getByText(`127.0.0.1:${server.port}`).first().waitFor();
    await screenshot(page, "about-narrow");
    expect(problems).toEqual([]);
    await page.context().close();
  });
});
