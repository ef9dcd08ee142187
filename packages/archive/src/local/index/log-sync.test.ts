/** Who waits for the disk, and for how long. */
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LogSync } from "./log-sync.ts";

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "isocenter-log-"));
  file = join(folder, "log");
});
afterEach(() => rm(folder, { recursive: true }));

describe("the sync of the log", () => {
  it("under way when a commit comes is not enough for it: all who come meanwhile share the next", async () => {
    await writeFile(file, "x");
    const log = new LogSync(file, { inPlace: false });
    const order: string[] = [];
    const first = log.durable().then(() => order.push("first"));
    const second = log.durable();
    const third = log.durable();
    expect(third).toBe(second);
    await Promise.all([first, second.then(() => order.push("second"))]);
    expect(order).toEqual(["first", "second"]);
    await log.durable();
    log.close();
  });

  it("is done in place while the disk is quick, and on a thread when it is not", async () => {
    await writeFile(file, "x");
    const log = new LogSync(file);
    for (let count = 0; count < 120; count++) await log.durable();
    await expect(Promise.all([log.durable(), log.durable(), log.durable()])).resolves.toHaveLength(3);
    log.close();
    await rm(file);
    await expect(new LogSync(file).durable()).rejects.toMatchObject({ code: "storage-failed" });
  });

  it("says that it failed, to all who wait, and works again when it can", async () => {
    const log = new LogSync(file);
    const results = await Promise.allSettled([log.durable(), log.durable()]);
    for (const result of results)
      expect(result).toMatchObject({ status: "rejected", reason: { code: "storage-failed" } });
    await writeFile(file, "x");
    await log.durable();
    log.close();
  });

  it("makes room in the log once it is used in earnest, and leaves what is in it", async () => {
    await writeFile(file, "frames");
    const log = new LogSync(file);
    for (let count = 0; count < 60; count++) await log.durable();
    expect((await stat(file)).size).toBeGreaterThan(8000 * 4096);
    log.close();
  });
});
