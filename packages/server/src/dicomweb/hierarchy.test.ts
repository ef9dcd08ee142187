import type { ImageSource, Query } from "@isocenter/archive";
import { DataSet } from "@isocenter/dicom";
import { describe, expect, it } from "vitest";
import { findBelow } from "./hierarchy.ts";

/** Two studies of two series of two instances each, at a peer that answers below one parent only. */
class StrictPeer {
  readonly queries: Query[] = [];

  capabilities() {
    return { kind: "dimse" as const, find: true, retrieve: true, store: true, levels: [] };
  }

  async *find(query: Query): AsyncGenerator<DataSet> {
    this.queries.push(query);
    const study = query.keys.string("StudyInstanceUID");
    const series = query.keys.string("SeriesInstanceUID");
    if (query.level === "STUDY") {
      expect(query.keys.has("Modality")).toBe(false);
      for (const uid of ["1", "2"]) {
        if (study === undefined || study === uid)
          yield DataSet.of({ StudyInstanceUID: uid, PatientID: `P${uid}` });
      }
    } else if (query.level === "SERIES") {
      expect(study, "a series is looked for below a study").toBeDefined();
      expect(query.keys.has("PatientID")).toBe(false);
      for (const uid of [`${study}.1`, `${study}.2`]) {
        if (series === undefined || series === uid)
          yield DataSet.of({ SeriesInstanceUID: uid, Modality: "CT" });
      }
    } else {
      expect([study, series]).not.toContain(undefined);
      for (const uid of [`${series}.1`, `${series}.2`]) yield DataSet.of({ SOPInstanceUID: uid });
    }
  }
}

async function found(
  query: Query,
): Promise<{ uids: (string | undefined)[][]; peer: StrictPeer; all: DataSet[] }> {
  const peer = new StrictPeer();
  const all: DataSet[] = [];
  for await (const match of findBelow(peer as unknown as ImageSource, query, {})) all.push(match);
  const uids = all.map((one) => [
    one.string("StudyInstanceUID"),
    one.string("SeriesInstanceUID"),
    one.string("SOPInstanceUID"),
  ]);
  return { uids, peer, all };
}

describe("a search at a peer that looks below one parent only", () => {
  it("finds the series of all studies, with what was asked of their studies", async () => {
    const keys = DataSet.of({ PatientID: "", Modality: "", StudyInstanceUID: "", SeriesInstanceUID: "" });
    const { uids, all } = await found({ level: "SERIES", keys });
    expect(uids.map(([study, series]) => `${study} ${series}`)).toEqual(["1 1.1", "1 1.2", "2 2.1", "2 2.2"]);
    expect(all.map((one) => one.string("PatientID"))).toEqual(["P1", "P1", "P2", "P2"]);
    expect(all[0]?.string("Modality")).toBe("CT");
  });

  it("finds instances of all series, from an offset to a limit", async () => {
    const keys = DataSet.of({ PatientID: "", SOPInstanceUID: "" });
    expect((await found({ level: "IMAGE", keys })).uids).toHaveLength(8);
    const { uids, peer } = await found({ level: "IMAGE", keys, offset: 1, limit: 2 });
    expect(uids.map(([, , instance]) => instance)).toEqual(["1.1.2", "1.2.1"]);
    // What lies behind the limit is not asked for.
    expect(peer.queries.some(({ keys: asked }) => asked.string("StudyInstanceUID") === "2")).toBe(false);
  });

  it("finds the instances of one study through its series", async () => {
    const keys = DataSet.of({ StudyInstanceUID: "2", SOPInstanceUID: "" });
    const { uids } = await found({ level: "IMAGE", keys });
    expect(uids.map(([, , instance]) => instance)).toEqual(["2.1.1", "2.1.2", "2.2.1", "2.2.2"]);
  });

  it("asks directly where the parents are named", async () => {
    const keys = DataSet.of({ StudyInstanceUID: "1", SeriesInstanceUID: "1.2", SOPInstanceUID: "" });
    const { uids, peer } = await found({ level: "IMAGE", keys });
    expect(uids).toHaveLength(2);
    expect(peer.queries).toHaveLength(1);
  });
});
