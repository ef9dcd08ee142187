/** Orthanc's DICOMweb plugin as a peer in both directions: our peer asks it, and it asks us. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DicomwebPeer, instanceFromFile } from "@isocenter/archive";
import { DataSet, decodePart10, type DicomJsonObject, framesOf } from "@isocenter/dicom";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dataSetOf, type DemoFile, demoFiles, sha256 } from "./support/demo-files.ts";
import { hasProgram, repository, temporaryFolder } from "./support/processes.ts";
import { type IsocenterServer, type OrthancServer, startIsocenter, startOrthanc } from "./support/servers.ts";

let folder: { path: string; remove(): Promise<void> };
let server: IsocenterServer;
let base: string;
const demo: DemoFile[] = [];
const pick = (test: (file: DemoFile) => boolean): DemoFile => {
  const found = demo.find(test);
  if (found === undefined) throw new Error("the demo hospital has no such file");
  return found;
};

beforeAll(async () => {
  folder = await temporaryFolder();
  demo.push(...(await demoFiles()));
  server = await startIsocenter(join(folder.path, "isocenter"), { demo: true });
  base = `${server.http}/dicom-web`;
});
afterAll(async () => {
  await server.stop();
  await folder.remove();
});

const plugin = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so";

describe.skipIf(!hasProgram("Orthanc") || !existsSync(plugin))("Orthanc's DICOMweb plugin", () => {
  let orthanc: OrthancServer;
  let peer: DicomwebPeer;
  const sent = (): DemoFile[] => demo.filter(({ dataSet }) => dataSet.string("PatientID") === "DEMO-0005");
  beforeAll(async () => {
    orthanc = await startOrthanc(join(folder.path, "orthanc"), {
      Plugins: [plugin],
      DicomWeb: { Enable: true, Root: "/dicom-web/", Servers: { us: [`${base}/`] } },
    });
    peer = new DicomwebPeer({ url: `${orthanc.http}/dicom-web` });
  });
  afterAll(() => orthanc.stop());

  const all = async <T>(source: AsyncIterable<T>): Promise<T[]> => {
    const list: T[] = [];
    for await (const one of source) list.push(one);
    return list;
  };
  const post = async (path: string, body: unknown): Promise<unknown> => {
    const response = await fetch(orthanc.http + path, { method: "POST", body: JSON.stringify(body) });
    expect(response.status, `${path}: ${await response.clone().text()}`).toBe(200);
    return response.json();
  };

  it("takes what our peer stores, and says so", async () => {
    const instances = await Promise.all(sent().map(({ path }) => instanceFromFile(path)));
    const outcomes = await all(peer.store(instances));
    expect(outcomes.map(({ kind }) => kind)).toEqual(instances.map(() => "stored"));
    expect(outcomes.map(({ sopInstanceUid }) => sopInstanceUid)).toEqual(
      sent().map(({ instance }) => instance),
    );
  });

  it("answers our peer's searches at every level", async () => {
    const [first] = sent();
    const keys = DataSet.of({ PatientID: "DEMO-0005", StudyInstanceUID: "", StudyDescription: "" });
    const studies = await all(peer.find({ level: "STUDY", keys }));
    expect(studies.map((one) => one.string("StudyInstanceUID"))).toEqual([first?.study]);
    const below = DataSet.of({
      StudyInstanceUID: first?.study ?? "",
      SeriesInstanceUID: "",
      Modality: "",
    });
    const series = await all(peer.find({ level: "SERIES", keys: below }));
    expect(series).toHaveLength(new Set(sent().map((one) => one.series)).size);
    const images = await all(peer.find({ level: "IMAGE", keys: below }));
    expect(images).toHaveLength(sent().length);
  });

  it("gives our peer every instance as it was", async () => {
    const [first] = sent();
    const received = new Map<string, string>();
    for await (const instance of peer.retrieve({ studyInstanceUid: first?.study ?? "" })) {
      const chunks = await all(instance.dataSet());
      received.set(instance.sopInstanceUid, sha256(Buffer.concat(chunks)));
    }
    expect(received.size).toBe(sent().length);
    for (const { instance, bytes, dataSetOffset } of sent()) {
      expect(received.get(instance)).toBe(sha256(bytes.subarray(dataSetOffset)));
    }
  });

  it("is read by our peer frame by frame, with its metadata", async () => {
    const file = sent().find(({ dataSet }) => dataSet.string("Modality") === "CT")!;
    const key = {
      studyInstanceUid: file.study,
      seriesInstanceUid: file.series,
      sopInstanceUid: file.instance,
    };
    await using object = await peer.open(key);
    const [ranges] = (await object.frames()) ?? [];
    const expected = Buffer.from(await framesOf(file.dataSet, file.transferSyntaxUid).bytes(0));
    const pieces = await Promise.all((ranges ?? []).map(({ offset, length }) => object.read(offset, length)));
    expect(sha256(Buffer.concat(pieces))).toBe(sha256(expected));
    const [metadata] = await all(peer.metadata(key));
    const json = JSON.parse(metadata ?? "{}") as DicomJsonObject;
    expect(json["00080018"]?.Value).toEqual([file.instance]);
    // Orthanc leaves pixel data out, and says so of no other value here.
    expect(JSON.stringify(json)).not.toContain("http");
  });

  it("searches at us as a client", async () => {
    const found = (await post("/dicom-web/servers/us/qido", {
      Uri: "/studies",
      Arguments: { PatientID: "DEMO-0002" },
    })) as Record<string, { Value: string }>[];
    const expected = new Set(
      demo.filter(({ dataSet }) => dataSet.string("PatientID") === "DEMO-0002").map(({ study }) => study),
    );
    expect(new Set(found.map((one) => one["0020000D"]?.Value))).toEqual(expected);
  });

  it("retrieves from us as a client", async () => {
    const { study } = pick(({ dataSet }) => dataSet.string("PatientID") === "DEMO-0006");
    await post("/dicom-web/servers/us/retrieve", { Resources: [{ Study: study }], Synchronous: true });
    const ids = (await (await fetch(`${orthanc.http}/instances`)).json()) as string[];
    const held = await Promise.all(
      ids.map(async (id) =>
        sha256(
          dataSetOf(Buffer.from(await (await fetch(`${orthanc.http}/instances/${id}/file`)).arrayBuffer())),
        ),
      ),
    );
    const wanted = demo.filter(
      (one) => one.study === study && one.transferSyntaxUid === "1.2.840.10008.1.2.1",
    );
    expect(ids.length).toBeGreaterThanOrEqual(
      sent().length + demo.filter((one) => one.study === study).length,
    );
    for (const { bytes, dataSetOffset } of wanted)
      expect(held).toContain(sha256(bytes.subarray(dataSetOffset)));
  });

  it("stores at us as a client", async () => {
    const file = join(repository, "fixtures/native-explicit-le/MR_small.dcm");
    const bytes = await readFile(file);
    const uploaded = await fetch(`${orthanc.http}/instances`, {
      method: "POST",
      body: new Uint8Array(bytes),
    });
    const { ID } = (await uploaded.json()) as { ID: string };
    await post("/dicom-web/servers/us/stow", { Resources: [ID], Synchronous: true });
    const { dataSet } = decodePart10(bytes);
    const [study, series, instance] = ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"].map(
      (keyword) => dataSet.string(keyword),
    );
    const stored = await fetch(`${base}/studies/${study}/series/${series}/instances/${instance}`, {
      headers: { accept: "application/dicom; transfer-syntax=*" },
    });
    expect(sha256(dataSetOf(Buffer.from(await stored.arrayBuffer())))).toBe(sha256(dataSetOf(bytes)));
  });
});
