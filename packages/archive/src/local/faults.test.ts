/**
 * Faults: the process killed at any moment, the disk full, the database gone and back. Nothing acknowledged is lost, and
 * what is lost otherwise is said.
 */
import { execFileSync, spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, rename, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import Sqlite from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeOnEachDatabase, describeOnPostgres } from "../test/archives.ts";
import { bytesOf, collect, findValues, instance, storeAll } from "../test/instances.ts";
import { startS3, type TestS3 } from "../test/s3.ts";
import { LocalArchive, type LocalArchiveOptions } from "./local-archive.ts";

let s3: TestS3;
beforeAll(async () => {
  s3 = await startS3();
});
afterAll(() => s3.stop());

interface Told {
  readonly stored: string[];
  readonly deleting: Set<string>;
  readonly deleted: string[];
  readonly failed: string[];
}

/** Runs a process that stores and deletes, and kills it once it has acknowledged so many. */
async function runAndKill(where: LocalArchiveOptions, seed: number, least: number): Promise<Told> {
  const script = join(import.meta.dirname, "../test/crash-child.ts");
  const child = spawn(
    process.execPath,
    ["--conditions=isocenter-src", "--import", "tsx", script, JSON.stringify(where), String(seed)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const told: Told = { stored: [], deleting: new Set(), deleted: [], failed: [] };
  for await (const line of createInterface({ input: child.stdout })) {
    const [what, uid = ""] = line.split(" ", 2);
    if (what === "stored") told.stored.push(uid);
    else if (what === "deleting") told.deleting.add(uid);
    else if (what === "deleted") told.deleted.push(uid);
    else if (what === "failed") told.failed.push(line);
    if (told.stored.length >= least) child.kill("SIGKILL");
  }
  return told;
}

describeOnEachDatabase("kill -9 while instances are stored and deleted", (archives) => {
  const places = ["files", "s3"] as const;
  it.each(places)(
    "loses nothing that was acknowledged, and leaves nothing half, in %s",
    async (place) => {
      const objects = place === "s3" ? { objects: s3.createPlace() } : {};
      const { archive, where } = await archives.create(objects);
      await archive.close();
      const told: Told = { stored: [], deleting: new Set(), deleted: [], failed: [] };
      for (let round = 1; round <= 3; round++) {
        const { stored, deleting, deleted, failed } = await runAndKill(where, round, 5 + round * 17);
        told.stored.push(...stored);
        for (const uid of deleting) told.deleting.add(uid);
        told.deleted.push(...deleted);
        expect(failed).toEqual([]);
      }
      const after = await LocalArchive.open(where);
      const found = new Set(await findValues(after, "IMAGE", {}, "SOPInstanceUID"));
      expect(told.stored.filter((uid) => !found.has(uid) && !told.deleting.has(uid))).toEqual([]);
      expect(told.deleted.filter((uid) => found.has(uid))).toEqual([]);
      // What was put into S3 and never committed is nobody's, and may lie there.
      const { problems } = await after.verify();
      expect(problems.filter(({ kind }) => place === "files" || kind !== "not-indexed")).toEqual([]);
      expect(await after.counts()).toMatchObject({ instances: found.size });
      // Nor does a deleted one come back when the index is made from the objects.
      if (place === "files") {
        expect(await after.rebuildIndex()).toMatchObject({
          seen: found.size,
          added: found.size,
          unreadable: [],
        });
      }
      await after.close();
    },
    120_000,
  );
});

describe("a power loss right after the acknowledgement", () => {
  const small = "objects/1.2.1/1.2.1.9/1.9.1.dcm";
  const large = "objects/1.2.1/1.2.1.9/1.9.2.dcm";

  /** The folder as the disk may have it then: synced are the log and the large file, and nothing else is sure. */
  async function afterPowerLoss(damage: (folder: string, slot: string) => Promise<void>): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), "isocenter-power-"));
    const archive = await LocalArchive.open(join(folder, "live"));
    const originals = [
      instance("1.9.1", { PixelData: new Uint8Array(5000).fill(1) }),
      instance("1.9.2", { PixelData: new Uint8Array(500_000).fill(2) }),
    ];
    await storeAll(archive, ...originals);
    // Reading waits until both are at their places; nothing is settled yet.
    for await (const one of archive.retrieve({ studyInstanceUid: "1.2.1" })) await bytesOf(one.dataSet());
    await cp(join(folder, "live"), join(folder, "dead"), { recursive: true });
    const index = new Sqlite(join(folder, "dead/index.sqlite"), { readonly: true });
    const intents = index.prepare("select kind, file from intent order by id").all() as {
      kind: string;
      file: string;
    }[];
    index.close();
    expect(intents.map(({ kind }) => kind)).toEqual(["write", "move"]);
    await damage(join(folder, "dead"), join(folder, "dead/incoming", intents[1]?.file ?? ""));
    const again = await LocalArchive.open(join(folder, "dead"));
    const found = await collect(again.retrieve({ studyInstanceUid: "1.2.1" }));
    expect(found).toHaveLength(2);
    for (const [at, one] of found.entries())
      expect((await bytesOf(one.dataSet())).equals(await bytesOf((originals[at] ?? one).dataSet()))).toBe(
        true,
      );
    expect((await again.verify()).problems).toEqual([]);
    await again.close();
    await archive.close();
    await rm(folder, { recursive: true });
  }

  it("that took what was not synced: it is written again", () =>
    afterPowerLoss(async (folder, slot) => {
      await rm(join(folder, small));
      await rename(join(folder, large), slot);
    }));

  it("that left a short file: it is made whole", () =>
    afterPowerLoss(async (folder) => truncate(join(folder, small), 100)));

  it("that left a file of zeros: it is made whole", () =>
    afterPowerLoss(async (folder) => {
      const { size } = await stat(join(folder, small));
      await writeFile(join(folder, small), new Uint8Array(size));
    }));

  it("that took nothing: everything is as it was", () => afterPowerLoss(async () => undefined));
});

const canMount = process.getuid?.() === 0;

describe.runIf(canMount)("a full disk", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "isocenter-full-"));
    await mkdir(join(folder, "disk"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=36m", "tmpfs", join(folder, "disk")]);
  });
  afterAll(async () => {
    execFileSync("umount", [join(folder, "disk")]);
    await rm(folder, { recursive: true });
  });

  it("fails what does not fit, keeps what was acknowledged, and goes on once there is space", async () => {
    const archive = await LocalArchive.open(join(folder, "disk"));
    const stored: string[] = [];
    let failed = 0;
    for (let count = 0; failed < 5; count++) {
      const study = { StudyInstanceUID: `1.2.${count % 2}` };
      const pixels = { PixelData: new Uint8Array(count % 2 === 0 ? 400_000 : 30_000) };
      const outcome = await archive.storeOne(instance(`1.9.${count}`, { ...study, ...pixels }));
      if (outcome.kind === "stored") stored.push(outcome.sopInstanceUid);
      else {
        expect(outcome).toMatchObject({ kind: "failed", status: 0xa700 });
        failed++;
      }
    }
    expect(stored.length).toBeGreaterThan(5);
    expect((await findValues(archive, "IMAGE", {}, "SOPInstanceUID")).sort()).toEqual(stored.toSorted());
    await archive.delete({ studyInstanceUid: "1.2.0" });
    await archive.settle();
    expect(await archive.storeOne(instance("1.9.9999"))).toMatchObject({ kind: "stored" });
    const left = [...stored.filter((uid) => Number(uid.slice(4)) % 2 === 1), "1.9.9999"].sort();
    await archive.close();
    const again = await LocalArchive.open(join(folder, "disk"));
    expect(await findValues(again, "IMAGE", {}, "SOPInstanceUID")).toEqual(left);
    expect((await again.verify()).problems).toEqual([]);
    await again.close();
  }, 60_000);
});

describeOnPostgres("a database that goes away", (archives) => {
  it("fails what needs it, and is used again when it is back", async () => {
    const { archive } = await archives.create();
    const postgres = archives.postgres;
    await storeAll(archive, instance("1.9.1", { PixelData: new Uint8Array(100_000) }));
    await postgres?.kill();
    expect(await archive.storeOne(instance("1.9.2"))).toMatchObject({ kind: "failed", status: 0xa700 });
    await expect(findValues(archive, "STUDY")).rejects.toMatchObject({ code: "storage-failed" });
    await expect(collect(archive.retrieve({ studyInstanceUid: "1.2.1" }))).rejects.toMatchObject({
      code: "storage-failed",
    });
    await postgres?.start();
    expect(await archive.storeOne(instance("1.9.2"))).toMatchObject({ kind: "stored" });
    expect(await findValues(archive, "IMAGE", {}, "SOPInstanceUID")).toEqual(["1.9.1", "1.9.2"]);
    expect((await archive.verify()).problems).toEqual([]);
    await archive.close();
  }, 60_000);

  it("loses nothing acknowledged when it goes in the middle", async () => {
    const { archive } = await archives.create();
    const postgres = archives.postgres;
    const acknowledged: string[] = [];
    let next = 0;
    let down: Promise<void> | undefined;
    const caller = async (): Promise<void> => {
      while (next < 200) {
        const uid = `1.9.${next++}`;
        const length = next % 2 === 0 ? 100_000 : 1000;
        const outcome = await archive.storeOne(instance(uid, { PixelData: new Uint8Array(length) }));
        if (outcome.kind === "stored") acknowledged.push(uid);
        if (acknowledged.length === 60 && down === undefined)
          down = postgres?.kill().then(() => postgres.start());
      }
    };
    await Promise.all([caller(), caller(), caller(), caller()]);
    await down;
    const found = new Set(await findValues(archive, "IMAGE", {}, "SOPInstanceUID"));
    expect(acknowledged.filter((uid) => !found.has(uid))).toEqual([]);
    for await (const one of archive.retrieve({ studyInstanceUid: "1.2.1" }))
      if (acknowledged.includes(one.sopInstanceUid))
        expect((await bytesOf(one.dataSet())).byteLength).toBe(one.size);
    await archive.close();
  }, 60_000);
});
