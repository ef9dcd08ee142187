/** Objects in S3: stored, read at any place, shared by two processes' archives, and a service that fails. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { describeOnEachDatabase } from "../../test/archives.ts";
import { bytesOf, collect, findValues, instance, storeAll } from "../../test/instances.ts";
import { startS3, type TestS3 } from "../../test/s3.ts";
import { LocalArchive } from "../local-archive.ts";
import { parseS3Url } from "./s3-client.ts";

let s3: TestS3;
beforeAll(async () => {
  s3 = await startS3();
});
afterAll(() => s3.stop());
beforeEach(() => {
  s3.fail = () => undefined;
});

describeOnEachDatabase("an archive in S3", (archives) => {
  it.each([10, 9_000_000, 20_000_000])("stores and gives back %i bytes of pixels", async (length) => {
    const { archive } = await archives.create({ objects: s3.createPlace() });
    const one = instance("1.2.3.4", {
      Rows: 1,
      Columns: 10,
      BitsAllocated: 8,
      PixelData: new Uint8Array(length),
    });
    expect(await archive.storeOne(one)).toMatchObject({ kind: "stored" });
    const [back] = await collect(archive.retrieve({ studyInstanceUid: "1.2.1" }));
    const bytes = await bytesOf(back?.dataSet() ?? one.dataSet());
    expect(bytes.equals(await bytesOf(one.dataSet()))).toBe(true);
    await using object = await archive.open({
      studyInstanceUid: "1.2.1",
      seriesInstanceUid: "1.2.1.9",
      sopInstanceUid: "1.2.3.4",
    });
    expect(Buffer.from(await object.read(128, 4)).toString()).toBe("DICM");
    expect(await object.frames()).toEqual([[{ offset: object.size - length, length: 10 }]]);
    await archive.close();
  });

  it("knows duplicates, quarantines, deletes, and makes its index again", async () => {
    const { archive } = await archives.create({ objects: s3.createPlace() });
    const outcomes = await storeAll(
      archive,
      instance("1.2.3.4"),
      instance("1.2.3.4"),
      instance("1.2.3.4", { PatientID: "P2" }),
      instance("1.2.3.5", { StudyInstanceUID: "../.." }),
    );
    expect(outcomes.map(({ kind }) => kind)).toEqual(["stored", "already-held", "quarantined", "stored"]);
    expect(await archive.rebuildIndex()).toMatchObject({ seen: 2, added: 2, unreadable: [] });
    expect(await archive.delete({ studyInstanceUid: "1.2.1" })).toBe(1);
    await archive.settle();
    expect(await archive.rebuildIndex()).toMatchObject({ seen: 1, added: 1 });
    await archive.close();
  });

  it("tries again when the service answers 500, and says so when it keeps on", async () => {
    const { archive } = await archives.create({ objects: s3.createPlace() });
    let failures = 2;
    s3.fail = (method) => (method === "PUT" && failures-- > 0 ? 500 : undefined);
    expect(await archive.storeOne(instance("1.2.3.4"))).toMatchObject({ kind: "stored" });
    s3.fail = (method) => (method === "PUT" ? 503 : undefined);
    const failed = await archive.storeOne(instance("1.2.3.5"));
    expect(failed).toMatchObject({ kind: "failed", status: 0xa700 });
    expect(await findValues(archive, "IMAGE", {}, "SOPInstanceUID")).toEqual(["1.2.3.4"]);
    s3.fail = (method) => (method === "GET" ? 500 : undefined);
    const [one] = await collect(archive.retrieve({ studyInstanceUid: "1.2.1" }));
    await expect(bytesOf(one?.dataSet() ?? (async function* () {})())).rejects.toMatchObject({
      code: "storage-failed",
    });
    s3.fail = () => undefined;
    expect(await archive.storeOne(instance("1.2.3.5"))).toMatchObject({ kind: "stored" });
    await archive.close();
  }, 60_000);

  if (archives.kind === "postgres")
    it("is shared by two at once, which keep one of each instance", async () => {
      const { archive: one, where } = await archives.create({ objects: s3.createPlace() });
      const folder = await mkdtemp(join(tmpdir(), "isocenter-archive-"));
      const other = await LocalArchive.open({ ...where, folder });
      const outcomes = await Promise.all(
        Array.from({ length: 40 }, (_, index) =>
          (index % 2 === 0 ? one : other).storeOne(
            instance(`1.8.${Math.floor(index / 4)}`, {
              // Of each UID four come: two with one content, two with another.
              PatientID: `P${index % 4 < 2 ? 1 : 2}`,
              StudyInstanceUID: `1.2.${Math.floor(index / 8)}`,
            }),
          ),
        ),
      );
      const kinds = outcomes.map(({ kind }) => kind);
      expect(kinds.filter((kind) => kind === "stored")).toHaveLength(10);
      expect(kinds.filter((kind) => kind === "already-held")).toHaveLength(10);
      expect(kinds.filter((kind) => kind === "quarantined")).toHaveLength(20);
      expect(await other.counts()).toMatchObject({ studies: 5, instances: 10 });
      for (const archive of [one, other])
        for (let study = 0; study < 5; study++)
          for await (const stored of archive.retrieve({ studyInstanceUid: `1.2.${study}` }))
            expect((await bytesOf(stored.dataSet())).byteLength).toBe(stored.size);
      await other.close();
      await one.close();
      await rm(folder, { recursive: true });
    });
});

describe("a place in S3", () => {
  it.each([
    ["s3://bucket", "https://s3.us-east-1.amazonaws.com/bucket", ""],
    ["s3://bucket/a/b/?region=eu-west-1", "https://s3.eu-west-1.amazonaws.com/bucket", "a/b/"],
    ["s3://bucket/a?endpoint=http://127.0.0.1:9000", "http://127.0.0.1:9000/bucket", "a/"],
  ])("is told by %s", (url, base, prefix) => {
    expect(parseS3Url(url)).toMatchObject({ base, prefix });
  });

  it.each([
    "http://bucket",
    "s3://Bad_Bucket",
    "s3://b",
    "s3://bucket/a?endpoint=file:///etc",
    "s3://bucket/a%20b",
    "no",
  ])("is not told by %s", (url) => {
    expect(() => parseS3Url(url)).toThrow(expect.objectContaining({ code: "data-folder-unusable" }));
  });
});
