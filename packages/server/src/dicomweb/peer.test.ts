/** A DICOMweb peer asking our own face, without a network between: both sides of each transaction. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ImageSource, InstanceStream } from "@isocenter/archive";
import { DicomwebPeer, holdInstance, instanceFromPart10 } from "@isocenter/archive/dicomweb";
import { DataSet, decodePart10, type DicomJsonObject } from "@isocenter/dicom";
import { describe, expect, it } from "vitest";
import { MemorySource, RichMemorySource } from "../test/memory-source.ts";
import { createDicomweb, type DicomwebHandler } from "./face.ts";

const fixtures = fileURLToPath(new URL("../../../../fixtures", import.meta.url));
const files = [
  "jpeg-ls/CT1_JLSL.dcm",
  "native-explicit-le/MR_small.dcm",
  "enhanced-multiframe/emri_small.dcm",
];
const url = "http://pacs.test/dicom-web";

function through(face: (request: Request) => Promise<Response>): typeof fetch {
  return (input, init) => face(new Request(input as string, init));
}

function peerOf(face: DicomwebHandler, options: { pageSize?: number } = {}): DicomwebPeer {
  return new DicomwebPeer({ url, fetch: through(face), ...options });
}

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const one of source) list.push(one);
  return list;
}

async function bytesOf(instance: InstanceStream): Promise<Buffer> {
  return Buffer.concat(await all(instance.dataSet()));
}

const keyOf = (dataSet: DataSet) => ({
  studyInstanceUid: dataSet.string("StudyInstanceUID") ?? "",
  seriesInstanceUid: dataSet.string("SeriesInstanceUID") ?? "",
  sopInstanceUid: dataSet.string("SOPInstanceUID") ?? "",
});

describe.each([
  ["that only streams", () => new MemorySource()],
  ["with ranges", () => new RichMemorySource()],
] as const)("a DICOMweb peer whose source is one %s", (_, make) => {
  const far = make();
  for (const name of files) far.addFile(join(fixtures, name));
  const peer: ImageSource & DicomwebPeer = peerOf(createDicomweb({ sourceFor: () => far }));
  const [first, second, multi] = far.instances.map(({ dataSet }) => dataSet) as [DataSet, DataSet, DataSet];

  it("finds at every level what is there", async () => {
    const keys = DataSet.of({ StudyInstanceUID: "", PatientName: "", PatientID: "" });
    for (const level of ["STUDY", "SERIES", "IMAGE"] as const) {
      expect(await all(peer.find({ level, keys })), level).toHaveLength(3);
    }
    const patients = await all(peer.find({ level: "PATIENT", keys }));
    expect(new Set(patients.map((one) => one.string("PatientID"))).size).toBe(patients.length);
  });

  it("matches, and stays within what the keys name", async () => {
    const study = first.string("StudyInstanceUID") ?? "";
    const series = first.string("SeriesInstanceUID") ?? "";
    const within = DataSet.of({ StudyInstanceUID: study, SeriesInstanceUID: series, SOPInstanceUID: "" });
    const [image, ...others] = await all(peer.find({ level: "IMAGE", keys: within }));
    expect(others).toHaveLength(0);
    expect(image?.string("SOPInstanceUID")).toBe(first.string("SOPInstanceUID"));
    const byId = DataSet.of({ PatientID: second.string("PatientID") ?? "", StudyInstanceUID: "" });
    expect(await all(peer.find({ level: "STUDY", keys: byId }))).toHaveLength(1);
    const nobody = DataSet.of({ PatientID: "nobody" });
    expect(await all(peer.find({ level: "STUDY", keys: nobody }))).toEqual([]);
  });

  it("goes through pages, to a limit, from an offset", async () => {
    const paged = peerOf(createDicomweb({ sourceFor: () => far }), { pageSize: 1 });
    const keys = DataSet.of({ StudyInstanceUID: "" });
    const uids = (found: DataSet[]): (string | undefined)[] =>
      found.map((one) => one.string("StudyInstanceUID"));
    const whole = uids(await all(paged.find({ level: "STUDY", keys })));
    expect(new Set(whole).size).toBe(3);
    expect(uids(await all(paged.find({ level: "STUDY", keys, limit: 2 })))).toEqual(whole.slice(0, 2));
    expect(uids(await all(paged.find({ level: "STUDY", keys, offset: 1 })))).toEqual(whole.slice(1));
  });

  it("retrieves every byte as it is stored there", async () => {
    const study = first.string("StudyInstanceUID") ?? "";
    const [instance, ...others] = await all(peer.retrieve({ studyInstanceUid: study }));
    expect(others).toHaveLength(0);
    for await (const one of peer.retrieve({ studyInstanceUid: study })) {
      expect((await bytesOf(one)).equals(Buffer.from(far.instances[0]!.bytes))).toBe(true);
      expect(one).toMatchObject({ ...keyOf(first), transferSyntaxUid: "1.2.840.10008.1.2.4.80" });
    }
    expect(instance?.sopClassUid).toBe(first.string("SOPClassUID"));
    expect(await all(peer.retrieve({ studyInstanceUid: "1.2.3" }))).toEqual([]);
  });

  it("opens an instance and reads its frames", async () => {
    await using object = await peer.open(keyOf(multi));
    await using near = await holdInstance(far, keyOf(multi));
    const frames = await object.frames();
    expect(frames).toHaveLength(10);
    const expected = await near.frames();
    for (const index of [0, 9]) {
      const [range] = frames?.[index] ?? [];
      const [same] = expected?.[index] ?? [];
      expect((await object.read(range!.offset, range!.length)).byteLength).toBe(same!.length);
      const bytes = Buffer.from(await object.read(range!.offset, range!.length));
      expect(bytes.equals(Buffer.from(await near.read(same!.offset, same!.length)))).toBe(true);
    }
    const streamed = Buffer.concat(await all(object.stream({ offset: 128, length: 4 })));
    expect(streamed.toString()).toBe("DICM");
    await expect(peer.open({ ...keyOf(multi), sopInstanceUid: "1.2" })).rejects.toMatchObject({
      code: "instance-unknown",
    });
  });

  it("gives metadata with references that are relative to the instance", async () => {
    const [json] = await all(peer.metadata(keyOf(second)));
    const object = JSON.parse(json ?? "") as DicomJsonObject;
    expect(object["7FE00010"]?.BulkDataURI).toBe("bulkdata/7FE00010");
    expect(object["00080018"]?.Value).toEqual([second.string("SOPInstanceUID")]);
  });

  it("is a source for another face, whose URLs are its own", async () => {
    const gateway = createDicomweb({ sourceFor: () => peer });
    const { studyInstanceUid, seriesInstanceUid, sopInstanceUid } = keyOf(multi);
    const path = `http://near.test/dicom-web/far/studies/${studyInstanceUid}/series/${seriesInstanceUid}/instances/${sopInstanceUid}`;
    const [json] = (await (await gateway(new Request(`${path}/metadata`))).json()) as DicomJsonObject[];
    expect(json?.["7FE00010"]?.BulkDataURI).toBe(`${path}/bulkdata/7FE00010`);
    const accept = "application/octet-stream";
    const frame = Buffer.from(
      await (await gateway(new Request(`${path}/frames/4`, { headers: { accept } }))).arrayBuffer(),
    );
    const pixels = Buffer.from(multi.bytes("PixelData") ?? []);
    expect(frame.equals(pixels.subarray(frame.length * 3, frame.length * 4))).toBe(true);
  });
});

describe("a DICOMweb peer", () => {
  const instances = (...names: string[]): Promise<InstanceStream[]> =>
    Promise.all(
      names.map((name) =>
        instanceFromPart10(
          (async function* () {
            yield readFileSync(join(fixtures, name));
          })(),
        ),
      ),
    );

  it("stores, with one outcome for each instance in order", async () => {
    const far = new MemorySource();
    const peer = peerOf(createDicomweb({ sourceFor: () => far }));
    const given = await instances(...files);
    const outcomes = await all(peer.store(given));
    expect(outcomes.map(({ kind, sopInstanceUid }) => [kind, sopInstanceUid])).toEqual(
      given.map(({ sopInstanceUid }) => ["stored", sopInstanceUid]),
    );
    expect(far.instances).toHaveLength(3);
    const { dataSetOffset } = decodePart10(readFileSync(join(fixtures, files[0]!)));
    const [one] = far.instances;
    expect(
      Buffer.from(one!.bytes).equals(readFileSync(join(fixtures, files[0]!)).subarray(dataSetOffset)),
    ).toBe(true);
  });

  it("tells what the service refused", async () => {
    const far = new MemorySource();
    far.store = async function* (given) {
      for await (const instance of given) {
        for await (const _ of instance.dataSet());
        const { sopClassUid, sopInstanceUid } = instance;
        yield { kind: "failed", sopClassUid, sopInstanceUid, status: 0xa700, reason: "It is full." };
      }
    };
    const outcomes = await all(
      peerOf(createDicomweb({ sourceFor: () => far })).store(await instances(files[0]!)),
    );
    expect(outcomes).toMatchObject([{ kind: "failed", status: 0xa700 }]);
  });

  it("throws the reason when an instance breaks off", async () => {
    const peer = peerOf(createDicomweb({ sourceFor: () => new MemorySource() }));
    const [good] = await instances(files[0]!);
    const broken: InstanceStream = {
      ...good!,
      async *dataSet() {
        yield new Uint8Array(100);
        throw new Error("the disk is gone");
      },
    };
    await expect(all(peer.store([broken]))).rejects.toThrow("the disk is gone");
  });

  it("deletes what the service lets it", async () => {
    const far = new RichMemorySource();
    far.addFile(join(fixtures, files[0]!));
    const key = keyOf(far.instances[0]!.dataSet);
    const peer = peerOf(createDicomweb({ sourceFor: () => far }));
    expect(await peer.delete({ studyInstanceUid: key.studyInstanceUid })).toBe(1);
    expect(await peer.delete({ studyInstanceUid: key.studyInstanceUid })).toBe(0);
    const kept = peerOf(createDicomweb({ sourceFor: () => new MemorySource() }));
    await expect(kept.delete({ studyInstanceUid: "1.2" })).rejects.toMatchObject({ code: "not-supported" });
  });

  const answering = (...responses: Response[]): { peer: DicomwebPeer; requests: Request[] } => {
    const requests: Request[] = [];
    const peer = new DicomwebPeer({
      url,
      token: "secret",
      timeoutMs: 50,
      fetch: through(async (request) => {
        requests.push(request);
        return responses.shift() ?? new Response(null, { status: 500 });
      }),
    });
    return { peer, requests };
  };
  const studies = { level: "STUDY", keys: DataSet.of({ StudyInstanceUID: "" }) } as const;

  it.each([
    [new Response("no", { status: 500 }), "web-status"],
    [new Response("no", { status: 404 }), "web-status"],
    [new Response("no", { status: 401 }), "web-login-refused"],
    [new Response("no", { status: 403 }), "web-login-refused"],
    [new Response("<html>", { status: 200 }), "web-response-invalid"],
    [new Response('[{"a"', { status: 200 }), "web-response-invalid"],
    [new Response("[{]}]", { status: 200 }), "web-response-invalid"],
    [
      new Response(null, { status: 302, headers: { location: "http://169.254.169.254/" } }),
      "web-redirect-refused",
    ],
    [
      new Response(null, { status: 307, headers: { location: "https://pacs.test/dicom-web/studies" } }),
      "web-redirect-refused",
    ],
    [
      new Response(null, { status: 302, headers: { location: "file:///etc/passwd" } }),
      "web-redirect-refused",
    ],
  ])("makes an error of what is no answer (%#)", async (response, code) => {
    const { peer } = answering(response);
    await expect(all(peer.find(studies))).rejects.toMatchObject({ code });
  });

  it("follows a redirect on its own host, with its login", async () => {
    const moved = new Response(null, { status: 307, headers: { location: "/other/studies" } });
    const { peer, requests } = answering(moved, new Response("[]"));
    expect(await all(peer.find(studies))).toEqual([]);
    expect(requests.map((request) => request.url)[1]).toBe("http://pacs.test/other/studies");
    expect(requests[1]?.headers.get("authorization")).toBe("Bearer secret");
  });

  it("gives up on circles", async () => {
    const circle = (): Response => new Response(null, { status: 302, headers: { location: "/a" } });
    const { peer } = answering(...Array.from({ length: 20 }, circle));
    await expect(all(peer.find(studies))).rejects.toMatchObject({ code: "web-redirect-refused" });
  });

  it("stops at a service that sends the same page for ever", async () => {
    const page = (): Response => new Response('[{"0020000D":{"vr":"UI","Value":["1.2"]}}]');
    const { peer } = answering(...Array.from({ length: 20 }, page));
    const paged = new DicomwebPeer({ url, pageSize: 1, fetch: through(async () => page()) });
    expect(await all(paged.find(studies))).toHaveLength(1);
    expect(await all(peer.find(studies))).toHaveLength(1);
  });

  it("does not wait for ever, neither for a head nor for a body", async () => {
    const never = new DicomwebPeer({
      url,
      timeoutMs: 20,
      fetch: (_, init) =>
        new Promise((_resolve, reject) => {
          init?.signal?.addEventListener("abort", () => reject(init.signal?.reason as Error));
        }),
    });
    await expect(all(never.find(studies))).rejects.toMatchObject({ code: "web-timeout" });
    const stalled = new DicomwebPeer({
      url,
      timeoutMs: 20,
      fetch: async (_, init) =>
        new Response(
          new ReadableStream({
            start(controller) {
              controller.enqueue(new TextEncoder().encode("["));
              init?.signal?.addEventListener("abort", () => controller.error(init.signal?.reason));
            },
          }),
        ),
    });
    await expect(all(stalled.find(studies))).rejects.toMatchObject({ code: "web-timeout" });
  });

  it("says that nothing answers", async () => {
    const peer = new DicomwebPeer({ url, fetch: () => Promise.reject(new TypeError("fetch failed")) });
    await expect(all(peer.find(studies))).rejects.toMatchObject({ code: "web-unreachable" });
  });

  it("throws the caller's own reason when it is told to stop", async () => {
    const { peer } = answering(new Response("[]"));
    const reason = new Error("enough");
    await expect(all(peer.find(studies, { signal: AbortSignal.abort(reason) }))).rejects.toBe(reason);
  });

  it("sends a login in either form, and none that it was not given", async () => {
    const seen: (string | null)[] = [];
    const fetch = through(async (request) => {
      seen.push(request.headers.get("authorization"));
      return new Response("[]");
    });
    await all(new DicomwebPeer({ url, fetch }).find(studies));
    await all(new DicomwebPeer({ url, fetch, login: { user: "é", password: "p:w" } }).find(studies));
    expect(seen).toEqual([null, `Basic ${Buffer.from("é:p:w").toString("base64")}`]);
  });

  it("has a URL of the web", () => {
    expect(() => new DicomwebPeer({ url: "file:///etc" })).toThrow(
      expect.objectContaining({ code: "not-supported" }),
    );
  });
});
