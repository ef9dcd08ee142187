/** Damage to the storage or the index: told by verify, put right by its repair. */
import { appendFile, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { describeOnEachDatabase } from "../../test/archives.ts";
import { bytesOf, collect, findValues, instance, storeAll } from "../../test/instances.ts";

describeOnEachDatabase("verify", (archives) => {
  it("finds nothing wrong where nothing is, and says how far it is", async () => {
    const { archive } = await archives.create();
    await storeAll(archive, instance("1.9.1"), instance("1.9.2", { StudyInstanceUID: "odd/uid" }));
    const progress: number[] = [];
    const { checked, problems } = await archive.verify({
      onProgress: ({ checked: now }) => progress.push(now),
    });
    expect({ checked, problems }).toEqual({ checked: 2, problems: [] });
    expect(progress.at(-1)).toBe(2);
    await archive.rebuildIndex();
    expect((await archive.verify({ repair: true })).problems).toEqual([]);
    expect(await archive.counts()).toMatchObject({ instances: 2 });
    await archive.close();
  });

  it("finds a missing, a changed and an unknown object, and puts them right", async () => {
    const { archive } = await archives.create();
    const other = await archives.create();
    await storeAll(archive, ...["1", "2", "3"].map((one) => instance(`1.9.${one}`)));
    await storeAll(other.archive, instance("1.9.4", { StudyInstanceUID: "1.2.7" }));
    await archive.settle();
    await other.archive.settle();
    const path = (of: string, name: string): string => join(of, "objects", name);
    await rm(path(archive.folder, "1.2.1/1.2.1.9/1.9.1.dcm"));
    await appendFile(path(archive.folder, "1.2.1/1.2.1.9/1.9.2.dcm"), "x");
    const stray = path(archive.folder, "1.2.7/1.2.7.9/1.9.4.dcm");
    await mkdir(dirname(stray), { recursive: true });
    await rename(path(other.archive.folder, "1.2.7/1.2.7.9/1.9.4.dcm"), stray);

    const found = (await archive.verify()).problems.map(({ kind, repaired }) => ({ kind, repaired }));
    expect(found).toEqual([
      { kind: "object-missing", repaired: false },
      { kind: "object-damaged", repaired: false },
      { kind: "not-indexed", repaired: false },
    ]);
    const [missing] = await collect(archive.retrieve({ studyInstanceUid: "1.2.1" }));
    await expect(bytesOf(missing?.dataSet() ?? instance("1").dataSet())).rejects.toMatchObject({
      code: "object-missing",
    });
    // A sender may delete its copy after "already held": that is not said of what is not there.
    expect(await archive.storeOne(instance("1.9.1"))).toMatchObject({ kind: "failed" });

    const repaired = await archive.verify({ repair: true });
    expect(repaired.problems.every((one) => one.repaired)).toBe(true);
    expect((await archive.verify()).problems).toEqual([]);
    expect(await findValues(archive, "IMAGE", {}, "SOPInstanceUID")).toEqual(["1.9.3", "1.9.4"]);
    expect(await archive.quarantined()).toMatchObject([{ sopInstanceUid: "1.9.2" }]);
    expect(await archive.storeOne(instance("1.9.1"))).toMatchObject({ kind: "stored" });
    await archive.close();
    await other.archive.close();
  });

  it("finds one changed byte of the same length", async () => {
    const { archive } = await archives.create();
    await storeAll(archive, instance("1.9.1", { PixelData: new Uint8Array(100_000) }));
    await archive.settle();
    const path = join(archive.folder, "objects/1.2.1/1.2.1.9/1.9.1.dcm");
    const bytes = await readFile(path);
    bytes[bytes.length - 500] = 1;
    await writeFile(path, bytes);
    expect((await archive.verify()).problems).toMatchObject([
      { kind: "object-damaged", sopInstanceUid: "1.9.1" },
    ]);
    await archive.close();
  });

  it("leaves a file that is no object of ours alone", async () => {
    const { archive } = await archives.create();
    await storeAll(archive, instance("1.9.1"));
    await archive.settle();
    await writeFile(join(archive.folder, "objects/notes.dcm"), "not DICOM");
    expect((await archive.verify({ repair: true })).problems).toEqual([
      { kind: "not-indexed", key: "objects/notes.dcm", repaired: false },
    ]);
    expect(await archive.rebuildIndex()).toMatchObject({ added: 1, unreadable: [{ path: "notes.dcm" }] });
    await archive.close();
  });
});
