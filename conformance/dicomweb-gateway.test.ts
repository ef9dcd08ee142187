/** The gateway: DICOMweb over a PACS that has only DIMSE, as a viewer uses it. */
import { join } from "node:path";
import { DimsePeer, instanceFromFile } from "@isocenter/archive";
import { boundaryOf, readMultipart } from "@isocenter/archive/dicomweb";
import { decodePart10, type DicomJsonObject, framesOf } from "@isocenter/dicom";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DemoFile, demoFiles, sha256 } from "./support/demo-files.ts";
import { hasProgram, temporaryFolder } from "./support/processes.ts";
import {
  type DicomServer,
  type IsocenterServer,
  startDcmqrscp,
  startIsocenter,
  startOrthanc,
} from "./support/servers.ts";

const programs = [
  ["dcmqrscp", (folder: string) => startDcmqrscp(folder, {})],
  [
    "Orthanc",
    (folder: string) => startOrthanc(folder, { DicomAlwaysAllowGet: true, DicomAlwaysAllowMove: true }),
  ],
] as const;

/** Retrieving from DICOM peers is what there is a gateway for. */
const canRetrieve = new DimsePeer({
  host: "127.0.0.1",
  port: 1,
  callingAeTitle: "A",
  calledAeTitle: "B",
}).capabilities().retrieve;

const isHere = canRetrieve && hasProgram("dcmqrscp") && hasProgram("Orthanc");

describe.skipIf(!isHere).each(programs)("DICOMweb over %s", (_, start) => {
  let folder: { path: string; remove(): Promise<void> };
  let server: IsocenterServer | undefined;
  let far: DicomServer | undefined;
  let base: string;
  let files: DemoFile[];
  beforeAll(async () => {
    folder = await temporaryFolder();
    // What dcmqrscp takes beside the uncompressed syntaxes is one compressed one.
    files = (await demoFiles()).filter(
      ({ dataSet, transferSyntaxUid }) =>
        dataSet.string("Modality") === "MR" && transferSyntaxUid === "1.2.840.10008.1.2.4.90",
    );
    expect(files.length).toBeGreaterThan(10);
    const pacs = await start(join(folder.path, "far"));
    far = pacs;
    const peer = new DimsePeer({
      host: "127.0.0.1",
      port: pacs.port,
      callingAeTitle: "TEST",
      calledAeTitle: pacs.aeTitle,
    });
    const instances = await Promise.all(files.map(({ path }) => instanceFromFile(path)));
    for await (const { kind } of peer.store(instances)) expect(kind).toBe("stored");
    const near = await startIsocenter(join(folder.path, "near"));
    server = near;
    const connected = await fetch(`${near.http}/api/dicom/connect`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        host: "127.0.0.1",
        port: pacs.port,
        callingAE: "ISOCENTER",
        calledAE: pacs.aeTitle,
      }),
    });
    const { connectionId } = (await connected.json()) as { connectionId: string };
    base = `${near.http}/dicom-web/${connectionId}`;
  });
  afterAll(async () => {
    // A set-up that failed half-way leaves nothing running.
    await server?.stop();
    await far?.stop();
    await folder.remove();
  });

  it("answers a viewer's session from studies to frames", async () => {
    const json = async (path: string): Promise<DicomJsonObject[]> => {
      const response = await fetch(base + path);
      expect(response.status, path).toBe(200);
      return (await response.json()) as DicomJsonObject[];
    };
    const studies = await json(
      "/studies?limit=101&offset=0&fuzzymatching=false&includefield=00081030%2C00080060",
    );
    expect(new Set(studies.map((one) => one["0020000D"]?.Value?.[0]))).toEqual(
      new Set(files.map(({ study }) => study)),
    );
    const all = await json("/series");
    expect(new Set(all.map((one) => one["0020000E"]?.Value?.[0]))).toEqual(
      new Set(files.map(({ series }) => series)),
    );
    const [file] = files;
    const uids = file!;
    const series = await json(`/studies/${uids.study}/series`);
    expect(series.length).toBeGreaterThan(0);
    const metadata = await json(`/studies/${uids.study}/series/${uids.series}/metadata`);
    expect(metadata).toHaveLength(files.filter((one) => one.series === uids.series).length);
    const response = await fetch(
      `${base}/studies/${uids.study}/series/${uids.series}/instances/${uids.instance}/frames/1`,
      {
        headers: { accept: "application/octet-stream; transfer-syntax=*" },
      },
    );
    expect(response.status).toBe(200);
    const frame = Buffer.from(await response.arrayBuffer());
    expect(sha256(frame)).toBe(sha256(await framesOf(uids.dataSet, uids.transferSyntaxUid).bytes(0)));
    const picture = await fetch(`${base}/studies/${uids.study}/thumbnail`);
    expect(picture.status).toBe(200);
    expect(picture.headers.get("content-type")).toBe("image/jpeg");
    const missing = await fetch(`${base}/studies/1.2.3/metadata`);
    expect(missing.status).toBe(404);
  });

  it("gives a study as it is there", async () => {
    const [{ study }] = files as [DemoFile];
    const response = await fetch(`${base}/studies/${study}`, {
      headers: { accept: 'multipart/related; type="application/dicom"; transfer-syntax=*' },
    });
    const received = new Map<string, string>();
    const body = response.body as unknown as AsyncIterable<Uint8Array>;
    for await (const part of readMultipart(body, boundaryOf(response.headers.get("content-type") ?? ""))) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of part.body) chunks.push(chunk);
      const bytes = Buffer.concat(chunks);
      const parsed = decodePart10(bytes);
      received.set(
        parsed.dataSet.string("SOPInstanceUID") ?? "",
        sha256(await framesOf(parsed.dataSet, parsed.transferSyntaxUid).bytes(0)),
      );
    }
    const wanted = files.filter((one) => one.study === study);
    expect(received.size).toBe(wanted.length);
    for (const { instance, dataSet, transferSyntaxUid } of wanted)
      expect(received.get(instance)).toBe(sha256(await framesOf(dataSet, transferSyntaxUid).bytes(0)));
  });
});
