/** The archive as a whole: its index can be lost, its folder belongs to one process, what is deleted is gone. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { describeOnEachDatabase } from "../test/archives.ts";
import { collect, findValues, instance, storeAll } from "../test/instances.ts";
import { LocalArchive } from "./local-archive.ts";

describe("an archive in a folder", () => {
  it("makes its index again from the objects when it is lost", async () => {
    const folder = await mkdtemp(join(tmpdir(), "isocenter-archive-"));
    await using first = await LocalArchive.open(folder);
    await storeAll(
      first,
      instance("1.2.3.4"),
      instance("1.2.3.5", { StudyInstanceUID: "../x", PatientID: "P2" }),
    );
    const before = await findValues(first, "STUDY");
    await first.close();
    for (const name of await readdir(folder))
      if (name.startsWith("index.sqlite")) await rm(join(folder, name));
    await using second = await LocalArchive.open(folder);
    expect(second.repaired).toMatchObject({ seen: 2, added: 2, unreadable: [] });
    expect(await findValues(second, "STUDY")).toEqual(before);
    expect(await second.counts()).toMatchObject({ patients: 2, studies: 2, series: 2, instances: 2 });
    await second.close();
    await using third = await LocalArchive.open(folder);
    expect(third.repaired).toBeUndefined();
    await third.close();
    await rm(folder, { recursive: true });
  });
});

describe("an archive whose database cannot be reached", () => {
  it("says so, and leaves the folder free", async () => {
    const folder = await mkdtemp(join(tmpdir(), "isocenter-archive-"));
    const where = { folder, database: "postgres://nobody:secret@127.0.0.1:9/none" };
    const error: unknown = await LocalArchive.open(where).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "storage-failed" });
    expect(String(error)).not.toContain("secret");
    await (await LocalArchive.open(folder)).close();
    await rm(folder, { recursive: true });
  });

  it("is not taken for a URL of another kind", async () => {
    const folder = await mkdtemp(join(tmpdir(), "isocenter-archive-"));
    await expect(LocalArchive.open({ folder, database: "mysql://x" })).rejects.toMatchObject({
      code: "data-folder-unusable",
    });
    await expect(LocalArchive.open({ folder, objects: "http://x" })).rejects.toMatchObject({
      code: "data-folder-unusable",
    });
    await rm(folder, { recursive: true });
  });
});

describe("a folder of the first version", () => {
  it("is taken over: its index is made again from its objects", async () => {
    const folder = await mkdtemp(join(tmpdir(), "isocenter-archive-"));
    const archive = await LocalArchive.open(folder);
    await storeAll(archive, instance("1.2.3.4"), instance("1.2.3.5"));
    await archive.close();
    for (const name of await readdir(folder))
      if (name.startsWith("index.sqlite")) await rm(join(folder, name));
    const old = new Sqlite(join(folder, "index.sqlite"));
    old.exec(`
      create table kysely_migration (name varchar(255) primary key, timestamp varchar(255) not null);
      create table kysely_migration_lock (id varchar(255) primary key, is_locked integer default 0 not null);
      insert into kysely_migration values ('0001-patients-studies-series-instances', '2024-01-01T00:00:00.000Z');
      insert into kysely_migration_lock values ('migration_lock', 0);
      create table patient (id integer primary key autoincrement, patient_key text unique, name text);
      create table study (id integer primary key autoincrement, patient integer references patient (id));
      create table series (id integer primary key autoincrement, study integer references study (id));
      create table instance (id integer primary key autoincrement, series integer references series (id), path text);
      create table setting (name text primary key, value text not null);
      create index patient_by_name on patient (name);
      insert into patient (patient_key, name) values ('P1', 'old');
      insert into setting values ('closed-cleanly', 'yes');`);
    old.close();
    const again = await LocalArchive.open(folder);
    expect(again.repaired).toMatchObject({ seen: 2, added: 2 });
    expect(await findValues(again, "IMAGE", {}, "SOPInstanceUID")).toEqual(["1.2.3.4", "1.2.3.5"]);
    await again.close();
    await rm(folder, { recursive: true });
  });

  it("of a later version is refused", async () => {
    const folder = await mkdtemp(join(tmpdir(), "isocenter-archive-"));
    await (await LocalArchive.open(folder)).close();
    const index = new Sqlite(join(folder, "index.sqlite"));
    index.exec("insert into kysely_migration values ('9999-later', '2034-01-01T00:00:00.000Z')");
    index.close();
    await expect(LocalArchive.open(folder)).rejects.toMatchObject({ code: "data-folder-too-new" });
    await rm(folder, { recursive: true });
  });
});

describeOnEachDatabase("an archive", (archives) => {
  it("makes its index again when asked to", async () => {
    const { archive } = await archives.create();
    await storeAll(archive, instance("1.2.3.4"), instance("1.2.3.5"));
    expect(await archive.rebuildIndex()).toMatchObject({ seen: 2, added: 2, unreadable: [] });
    expect(await findValues(archive, "IMAGE", {}, "SOPInstanceUID")).toEqual(["1.2.3.4", "1.2.3.5"]);
    // The hash is not known then; the same instance is recognised all the same.
    expect(await storeAll(archive, instance("1.2.3.4"))).toMatchObject([{ kind: "already-held" }]);
    await archive.close();
  });

  it("belongs to one process at a time, as far as its folder goes", async () => {
    const { archive, where } = await archives.create();
    await expect(LocalArchive.open(where)).rejects.toMatchObject({ code: "data-folder-in-use" });
    await archive.close();
  });

  it("is there with everything when it is opened again", async () => {
    const { archive, where } = await archives.create();
    await storeAll(archive, instance("1.2.3.4", { PixelData: new Uint8Array(200_000) }), instance("1.2.3.5"));
    await archive.close();
    const again = await LocalArchive.open(where);
    expect(again.repaired).toBeUndefined();
    expect(await findValues(again, "IMAGE", {}, "SOPInstanceUID")).toEqual(["1.2.3.4", "1.2.3.5"]);
    await again.close();
  });

  it("deletes an instance, a series, a study, with all that is empty then", async () => {
    const { archive } = await archives.create();
    const all = Array.from({ length: 12 }, (_, index) =>
      instance(`1.6.${index}`, {
        StudyInstanceUID: index < 8 ? "1.2.1" : "1.2.2",
        SeriesInstanceUID: `1.2.9.${Math.floor(index / 4)}`,
        Modality: ["CT", "SR", "MR"][Math.floor(index / 4)] ?? "",
      }),
    );
    await storeAll(archive, ...all);
    const study = { studyInstanceUid: "1.2.1" };
    expect(await archive.delete({ ...study, seriesInstanceUid: "1.2.9.0", sopInstanceUid: "1.6.0" })).toBe(1);
    expect(await archive.counts()).toMatchObject({ studies: 2, series: 3, instances: 11 });
    expect(await archive.delete({ ...study, seriesInstanceUid: "1.2.9.1" })).toBe(4);
    expect(await findValues(archive, "STUDY", { ModalitiesInStudy: "SR" })).toEqual([]);
    expect(
      await findValues(archive, "STUDY", { NumberOfStudyRelatedSeries: 1 }, "StudyInstanceUID"),
    ).toHaveLength(2);
    expect(await archive.delete(study)).toBe(3);
    expect(await archive.delete(study)).toBe(0);
    expect(await archive.counts()).toMatchObject({ patients: 1, studies: 1, series: 1, instances: 4 });
    expect(await collect(archive.retrieve(study))).toEqual([]);
    expect(await archive.delete({ studyInstanceUid: "1.2.2" })).toBe(4);
    expect(await archive.counts()).toEqual({ patients: 0, studies: 0, series: 0, instances: 0, bytes: 0 });
    await archive.settle();
    expect(await readdir(join(archive.folder, "objects"))).toEqual([]);
    await archive.close();
  });

  it("keeps what is stored again right after it was deleted", async () => {
    const { archive, where } = await archives.create();
    const one = (): ReturnType<typeof instance> =>
      instance("1.2.3.4", { PixelData: new Uint8Array(100_000) });
    await storeAll(archive, one());
    await archive.delete({ studyInstanceUid: "1.2.1" });
    expect(await storeAll(archive, one())).toMatchObject([{ kind: "stored" }]);
    await archive.close();
    const again = await LocalArchive.open(where);
    for await (const stored of again.retrieve({ studyInstanceUid: "1.2.1" })) {
      let length = 0;
      for await (const chunk of stored.dataSet()) length += chunk.byteLength;
      expect(length).toBe(stored.size);
    }
    expect(await again.counts()).toMatchObject({ instances: 1 });
    await again.close();
  });

  it("gives the metadata of many at once, each by itself", async () => {
    const { archive } = await archives.create();
    await Promise.all(
      Array.from({ length: 1100 }, (_, index) =>
        archive.storeOne(instance(`1.7.${index}`, { SeriesInstanceUID: `1.2.9.${index % 2}` })),
      ),
    );
    const lines = await collect(archive.metadata({ studyInstanceUid: "1.2.1" }));
    const uids = lines.map(
      (line) => (JSON.parse(line) as Record<string, { Value: string[] }>)["00080018"]?.Value[0],
    );
    expect(new Set(uids).size).toBe(1100);
    expect(
      await collect(archive.metadata({ studyInstanceUid: "1.2.1", seriesInstanceUid: "1.2.9.1" })),
    ).toHaveLength(550);
    await archive.close();
  });
});
