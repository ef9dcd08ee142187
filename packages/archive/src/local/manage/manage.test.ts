/** Quarantine, quota and the feed of changes. */
import { expect, it } from "vitest";
import { describeOnEachDatabase } from "../../test/archives.ts";
import { collect, findValues, instance, storeAll } from "../../test/instances.ts";
import type { Change } from "../index/changes.ts";
import { LocalArchive } from "../local-archive.ts";

describeOnEachDatabase("quarantine", (archives) => {
  it("lists what was put aside, with its reason", async () => {
    const { archive } = await archives.create();
    await storeAll(archive, instance("1.9.1"), instance("1.9.1", { PatientID: "P2" }));
    const [one] = await archive.quarantined();
    expect(one).toMatchObject({ sopInstanceUid: "1.9.1", studyInstanceUid: "1.2.1" });
    expect(one?.reason).toContain("different content");
    expect(one?.size).toBeGreaterThan(300);
    await archive.close();
  });

  it("is accepted in the place of what was held, or discarded", async () => {
    const { archive } = await archives.create();
    await storeAll(
      archive,
      instance("1.9.1"),
      instance("1.9.1", { PatientID: "P2", StudyInstanceUID: "1.2.2" }),
      instance("1.9.1", { PatientID: "P3" }),
    );
    const names = (await archive.quarantined()).map(({ name }) => name);
    expect(names).toHaveLength(2);
    const [first = "", second = ""] = names;
    expect(await archive.acceptQuarantined(first)).toMatchObject({ kind: "stored" });
    expect(await findValues(archive, "STUDY")).toEqual(["P2"]);
    await archive.discardQuarantined(second);
    expect(await archive.quarantined()).toEqual([]);
    expect(await archive.counts()).toMatchObject({ studies: 1, instances: 1 });
    expect((await archive.verify()).problems).toEqual([]);
    await archive.close();
  });

  it.each(["nothing", "../objects/1.2.1/1.2.1.9/1.9.1", "..", "", "a/b", "1.9.1\0"])(
    "knows nothing by the name %j",
    async (name) => {
      const { archive } = await archives.create();
      await storeAll(archive, instance("1.9.1"));
      await expect(archive.discardQuarantined(name)).rejects.toMatchObject({ code: "quarantine-unknown" });
      await expect(archive.acceptQuarantined(name)).rejects.toMatchObject({ code: "quarantine-unknown" });
      expect(await archive.counts()).toMatchObject({ instances: 1 });
      await archive.close();
    },
  );
});

describeOnEachDatabase("a quota", (archives) => {
  it("of bytes removes the oldest studies, but none that is protected", async () => {
    const { archive } = await archives.create();
    for (let study = 1; study <= 4; study++)
      await storeAll(
        archive,
        instance(`1.9.${study}`, { StudyInstanceUID: `1.2.${study}`, PixelData: new Uint8Array(10_000) }),
      );
    await archive.protectStudy("1.2.1");
    const { bytes } = await archive.counts();
    const { removed, satisfied } = await archive.enforceQuota({ maximumBytes: Math.ceil(bytes / 2) });
    expect(satisfied).toBe(true);
    expect(removed.map(({ studyInstanceUid }) => studyInstanceUid)).toEqual(["1.2.2", "1.2.3"]);
    expect(await findValues(archive, "STUDY", {}, "StudyInstanceUID")).toEqual(["1.2.1", "1.2.4"]);
    await archive.protectStudy("1.2.4");
    expect(await archive.enforceQuota({ maximumBytes: 1 })).toEqual({ removed: [], satisfied: false });
    await archive.protectStudy("1.2.1", false);
    expect((await archive.enforceQuota({ maximumBytes: 1 })).removed).toHaveLength(1);
    await archive.close();
  });

  it("of age removes what nothing came to for so long", async () => {
    const { archive } = await archives.create();
    await storeAll(archive, instance("1.9.1"));
    expect((await archive.enforceQuota({ maximumAgeDays: 1 })).removed).toEqual([]);
    expect((await archive.enforceQuota({ maximumAgeDays: -1 })).removed).toMatchObject([
      { studyInstanceUid: "1.2.1" },
    ]);
    expect(await archive.counts()).toMatchObject({ studies: 0, bytes: 0 });
    await archive.close();
  });
});

describeOnEachDatabase("the feed of changes", (archives) => {
  it("tells everything that happened, in order, and survives a restart", async () => {
    const { archive, where } = await archives.create();
    await storeAll(archive, instance("1.9.1"), instance("1.9.2"), instance("1.9.1", { PatientID: "P2" }));
    await archive.editStudy("1.2.1", { PatientName: "A^B" }, { actor: "x" });
    await archive.delete({
      studyInstanceUid: "1.2.1",
      seriesInstanceUid: "1.2.1.9",
      sopInstanceUid: "1.9.1",
    });
    await archive.delete({ studyInstanceUid: "1.2.1" });
    await archive.close();
    const again = await LocalArchive.open(where);
    const changes = await collect(again.changes({ since: 0, untilNow: true }));
    expect(changes.map(({ kind }) => kind)).toEqual([
      "instance-stored",
      "instance-stored",
      "instance-quarantined",
      "study-updated",
      "instance-deleted",
      "study-deleted",
    ]);
    const numbers = changes.map(({ seq }) => seq);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect(changes[4]).toMatchObject({ studyInstanceUid: "1.2.1", sopInstanceUid: "1.9.1" });
    expect(JSON.stringify(changes)).not.toContain("P2");
    const rest = await collect(again.changes({ since: numbers[3] ?? 0, untilNow: true }));
    expect(rest.map(({ seq }) => seq)).toEqual(numbers.slice(4));
    await again.close();
  });

  it("goes on with what comes, until it is told to stop", async () => {
    const { archive } = await archives.create();
    const stop = new AbortController();
    const seen: Change[] = [];
    const following = (async () => {
      for await (const change of archive.changes({ since: 0, signal: stop.signal })) {
        seen.push(change);
        if (seen.length === 20) stop.abort();
      }
    })();
    await Promise.all(Array.from({ length: 20 }, (_, index) => archive.storeOne(instance(`1.9.${index}`))));
    await following;
    expect(new Set(seen.map(({ sopInstanceUid }) => sopInstanceUid)).size).toBe(20);
    await archive.close();
  });

  it("ends when the archive is closed", async () => {
    const { archive } = await archives.create();
    const following = collect(archive.changes());
    await archive.close();
    expect(await following).toEqual([]);
  });
});
