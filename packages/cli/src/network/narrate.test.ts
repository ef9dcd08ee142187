/** The timeline in words, over associations in memory. */
import { DataSet } from "@isocenter/dicom";
import {
  associateOver,
  type AssociationEvent,
  NetworkError,
  serveAssociation,
  StudyRootFind,
  Verification,
} from "@isocenter/network";
import { memoryPair } from "@isocenter/network/memory";
import { describe, expect, it } from "vitest";
import { plainContext } from "./find-matches.ts";
import { narrator, recordedBytes } from "./narrate.ts";

async function storyOfAFind(options: { debug: boolean; showPhi: boolean }): Promise<string> {
  const lines: string[] = [];
  const [ours, theirs] = memoryPair();
  serveAssociation(theirs, {
    services: {
      verification: true,
      query: {
        models: [StudyRootFind],
        async *onFind() {
          await Promise.resolve();
          yield DataSet.of({
            PatientName: "Roe^Richard",
            PatientSex: "O",
            Modality: "CT",
            StudyDate: "20260101",
          });
        },
      },
    },
  });
  const association = await associateOver(ours, {
    callingAeTitle: "US",
    calledAeTitle: "THEM",
    contexts: [
      plainContext(Verification.sopClassUid),
      plainContext(StudyRootFind.sopClassUid),
      plainContext("1.2.3"),
    ],
    onEvent: narrator({ write: (text) => lines.push(text), ...options }),
    recordDataSets: recordedBytes,
  });
  await association.echo();
  for await (const _ of association.find(StudyRootFind, { QueryRetrieveLevel: "STUDY", PatientID: "4711" }))
    void _;
  await association.release();
  return lines.join("");
}

describe("-v", () => {
  it("tells what was proposed, accepted and refused, the commands with their times, and the end", async () => {
    const story = await storyOfAFind({ debug: false, showPhi: false });
    expect(story).toMatch(/→ A-ASSOCIATE-RQ: US calls THEM, maximum PDU 131072 bytes/);
    expect(story).toMatch(
      /1: Verification SOP Class in Explicit VR Little Endian, Implicit VR Little Endian/,
    );
    expect(story).toMatch(/← A-ASSOCIATE-AC: accepted by ISOCENTER/);
    expect(story).toMatch(/5: 1\.2\.3 refused: abstract-syntax-not-supported/);
    expect(story).toMatch(/→ C-ECHO-RQ #1: Verification SOP Class/);
    expect(story).toMatch(/← C-ECHO-RSP #1: 0000H Success, after \d+\.\d ms/);
    expect(story).toMatch(/→ C-FIND-RQ #2[^]*← C-FIND-RSP #2: FF00H[^]*← C-FIND-RSP #2: 0000H/);
    expect(story).toMatch(/The association was released\.\n$/);
    expect(story).not.toMatch(/Roe|4711|Sta6/);
  });
});

describe("-d", () => {
  it("adds steps and data sets, and hides what may identify a patient", async () => {
    const story = await storyOfAFind({ debug: true, showPhi: false });
    expect(story).toMatch(/Sta\d+ Evt\d+ \S+ → Sta\d+/);
    expect(story).toMatch(/\(0008,0052\) CS \[STUDY\] {2}# QueryRetrieveLevel/);
    expect(story).toMatch(/\(0008,0060\) CS \[CT\]/);
    expect(story).toMatch(/\(0010,0010\) PN \(hidden, 12 bytes\) {2}# PatientName/);
    expect(story).toMatch(/\(0010,0040\) CS \(hidden, 2 bytes\)/);
    expect(story).toMatch(/\(0008,0020\) DA \(hidden/);
    expect(story).not.toMatch(/Roe|4711|20260101/);
  });

  it("shows it when asked to", async () => {
    expect(await storyOfAFind({ debug: true, showPhi: true })).toMatch(/\[Roe\^Richard\][^]*/);
  });
});

it("hostile bytes of a peer cannot drive the terminal", () => {
  const lines: string[] = [];
  const tell = narrator({ write: (text) => lines.push(text), debug: false, showPhi: false });
  const event: AssociationEvent = {
    kind: "ended",
    error: new NetworkError("connection-closed", "gone\u001b[2J"),
    at: 0,
  };
  tell(event);
  expect(lines.join("")).toContain("gone·[2J");
});
