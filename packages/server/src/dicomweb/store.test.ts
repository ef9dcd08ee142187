/** STOW-RS against PS3.18 10.5 and Annex I. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { streamOf } from "@isocenter/archive/dicomweb";
import { decodeFrame } from "@isocenter/codecs";
import { decodePart10, type DicomJsonObject, framesOf, toDicomJson, toNativeXml } from "@isocenter/dicom";
import { beforeEach, describe, expect, it } from "vitest";
import { MemorySource } from "../test/memory-source.ts";
import { createDicomweb, type DicomwebHandler } from "./face.ts";

const fixtures = fileURLToPath(new URL("../../../../fixtures", import.meta.url));
const base = "http://pacs.test/dicom-web";
const file = (name: string): Buffer => readFileSync(join(fixtures, name));
const ct = file("jpeg-ls/CT1_JLSL.dcm");
const mr = file("native-explicit-le/MR_small.dcm");

interface Part {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBufferLike> | string;
}

function multipart(parts: readonly Part[], boundary = "b0und"): Buffer {
  return Buffer.concat([
    ...parts.flatMap(({ headers, body }) => [
      Buffer.from(`\r\n--${boundary}\r\n`),
      ...Object.entries(headers).map(([name, value]) => Buffer.from(`${name}: ${value}\r\n`)),
      Buffer.from("\r\n"),
      Buffer.from(body),
    ]),
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
}

const dicom = (...files: Uint8Array[]): Buffer =>
  multipart(files.map((body) => ({ headers: { "Content-Type": "application/dicom" }, body })));

describe("storing", () => {
  let source: MemorySource;
  let face: DicomwebHandler;
  beforeEach(() => {
    source = new MemorySource();
    face = createDicomweb({ sourceFor: () => source });
  });

  async function post(
    body: Uint8Array | ReadableStream<Uint8Array> | null,
    {
      path = "/studies",
      type = 'multipart/related; type="application/dicom"; boundary=b0und',
      accept = "application/dicom+json",
    } = {},
  ): Promise<{ status: number; json: DicomJsonObject & Record<string, unknown> }> {
    const response = await face(
      new Request(base + path, {
        method: "POST",
        body,
        headers: { "content-type": type, accept },
        duplex: "half",
      } as RequestInit),
    );
    return {
      status: response.status,
      json: (await response.json()) as DicomJsonObject & Record<string, unknown>,
    };
  }
  const items = (json: DicomJsonObject, tag: string): DicomJsonObject[] =>
    (json[tag]?.Value ?? []) as DicomJsonObject[];
  const uidsIn = (name: Buffer): string[] =>
    ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"].map(
      (keyword) => decodePart10(name).dataSet.string(keyword) ?? "",
    );

  it("takes files, and says where each is", async () => {
    const { status, json } = await post(dicom(ct, mr));
    expect(status).toBe(200);
    const [study, series, instance] = uidsIn(ct);
    const stored = items(json, "00081199");
    expect(stored).toHaveLength(2);
    expect(stored[0]?.["00081155"]?.Value).toEqual([instance]);
    expect(stored[0]?.["00081190"]?.Value).toEqual([
      `${base}/studies/${study}/series/${series}/instances/${instance}`,
    ]);
    expect(json).not.toHaveProperty("00081198");
    const [one] = source.instances;
    const { dataSetOffset } = decodePart10(ct);
    expect(Buffer.from(one?.bytes ?? []).equals(ct.subarray(dataSetOffset))).toBe(true);
  });

  it("takes a single file as the body", async () => {
    const { status } = await post(ct, { type: "application/dicom" });
    expect(status).toBe(200);
    expect(source.instances).toHaveLength(1);
  });

  it("hands each file on before the next has come", async () => {
    const stored: number[] = [];
    const store = source.store.bind(source);
    source.store = async function* (instances) {
      for await (const outcome of store(instances)) {
        stored.push(source.instances.length);
        yield outcome;
      }
    };
    const seenAtSecond: number[] = [];
    async function* body(): AsyncGenerator<Uint8Array> {
      const whole = dicom(ct, mr);
      const second = whole.indexOf("\r\n--b0und", 20) + 40;
      for (let at = 0; at < second; at += 5000) yield whole.subarray(at, Math.min(at + 5000, second));
      // Streams read a little ahead, the pause lets them.
      await new Promise((resolve) => setImmediate(resolve));
      seenAtSecond.push(source.instances.length);
      yield whole.subarray(second);
    }
    const { status } = await post(streamOf(body()));
    expect(status).toBe(200);
    expect(seenAtSecond).toEqual([1]);
  });

  it("reports what failed with its reason, and stores the rest", async () => {
    const { status, json } = await post(dicom(ct, Buffer.from("rubbish"), mr));
    expect(status).toBe(202);
    expect(items(json, "00081199")).toHaveLength(2);
    expect(items(json, "00081198")[0]?.["00081197"]?.Value).toEqual([0xc000]);
  });

  it("is a conflict when nothing could be stored", async () => {
    const { status, json } = await post(dicom(Buffer.from("rubbish")));
    expect(status).toBe(409);
    expect(json).not.toHaveProperty("00081199");
  });

  it("refuses instances of another study than the path names", async () => {
    const [study] = uidsIn(ct);
    const { status, json } = await post(dicom(ct, mr), { path: `/studies/${study}` });
    expect(status).toBe(202);
    expect(items(json, "00081199")).toHaveLength(1);
    const [failure] = items(json, "00081198");
    expect(failure?.["00081155"]?.Value).toEqual([uidsIn(mr)[2]]);
    expect(failure?.["00081197"]?.Value).toEqual([0xa900]);
    expect(json["00081190"]?.Value).toEqual([`${base}/studies/${study}`]);
  });

  it("answers in XML where that is taken", async () => {
    const response = await face(
      new Request(`${base}/studies`, {
        method: "POST",
        body: new Uint8Array(ct),
        headers: { "content-type": "application/dicom", accept: "application/dicom+xml" },
      }),
    );
    expect(response.headers.get("content-type")).toBe("application/dicom+xml");
    expect(await response.text()).toContain('keyword="ReferencedSOPSequence"');
  });

  describe("metadata with bulk data apart", () => {
    const { dataSet } = decodePart10(mr);
    const json = toDicomJson(dataSet, {
      bulkThreshold: 1000,
      bulkDataUri: (path) => `bulk/${path.join("/")}`,
    });
    const metadata = { headers: { "Content-Type": "application/dicom+json" }, body: JSON.stringify([json]) };
    const pixels = {
      headers: { "Content-Type": "application/octet-stream", "Content-Location": "bulk/7FE00010" },
      body: dataSet.bytes("PixelData") ?? "",
    };
    const type = 'multipart/related; type="application/dicom+json"; boundary=b0und';

    it("becomes the instance that it was", async () => {
      const { status } = await post(multipart([metadata, pixels]), { type });
      expect(status).toBe(200);
      const [one] = source.instances;
      expect(one?.transferSyntaxUid).toBe("1.2.840.10008.1.2.1");
      const before = dataSet.with("SpecificCharacterSet", "ISO_IR 192");
      expect(toDicomJson(one?.dataSet ?? dataSet)).toEqual(toDicomJson(before));
    });

    it("is taken as XML too", async () => {
      const xml = toNativeXml(dataSet, {
        bulkThreshold: 1000,
        bulkDataUri: (path) => `bulk/${path.join("/")}`,
      });
      const part = { headers: { "Content-Type": "application/dicom+xml" }, body: xml };
      const { status } = await post(multipart([part, pixels]), {
        type: 'multipart/related; type="application/dicom+xml"; boundary=b0und',
      });
      expect(status).toBe(200);
      const stored = source.instances[0]?.dataSet.bytes("PixelData");
      expect(Buffer.from(stored ?? []).equals(Buffer.from(pixels.body))).toBe(true);
    });

    it("may bring a compressed image", async () => {
      const compressed = decodePart10(ct);
      const frame = await framesOf(compressed.dataSet, compressed.transferSyntaxUid).bytes(0);
      const header = toDicomJson(compressed.dataSet.without("PixelData"));
      const body = JSON.stringify([{ ...header, "7FE00010": { vr: "OB", BulkDataURI: "x" } }]);
      const image = { headers: { "Content-Type": "image/jls", "Content-Location": "x" }, body: frame };
      const { status } = await post(multipart([{ ...metadata, body }, image]), { type });
      expect(status).toBe(200);
      const [one] = source.instances;
      expect(one?.transferSyntaxUid).toBe("1.2.840.10008.1.2.4.80");
      const again = await decodeFrame(framesOf(one!.dataSet, one!.transferSyntaxUid), one!.transferSyntaxUid);
      const once = await decodeFrame(
        framesOf(compressed.dataSet, compressed.transferSyntaxUid),
        compressed.transferSyntaxUid,
      );
      expect(Buffer.from(again.bytes).equals(Buffer.from(once.bytes))).toBe(true);
    });

    it("fails without its bulk data, which is fetched from nowhere else", async () => {
      const elsewhere = { ...json, "7FE00010": { vr: "OW", BulkDataURI: "http://169.254.169.254/x" } };
      const { status, json: answer } = await post(
        multipart([{ ...metadata, body: JSON.stringify([elsewhere]) }, pixels]),
        { type },
      );
      expect(status).toBe(409);
      expect(items(answer, "00081198")[0]?.["00081197"]?.Value).toEqual([0xa900]);
    });

    it("is refused beyond the memory for it", async () => {
      const small = createDicomweb({ sourceFor: () => source, limits: { maximumHeldBytes: 5000 } });
      const response = await small(
        new Request(`${base}/studies`, {
          method: "POST",
          body: new Uint8Array(multipart([metadata, pixels])),
          headers: { "content-type": type },
        }),
      );
      expect(response.status).toBe(413);
    });

    it.each(["{", '[{"0010": 1}]', "[1]", '[{"00100020":{"vr":"XX"}}]'])("is refused as %j", async (body) => {
      const { status } = await post(multipart([{ ...metadata, body }]), { type });
      expect([400, 409]).toContain(status);
      expect(source.instances).toHaveLength(0);
    });
  });

  it.each([
    ["no boundary", 'multipart/related; type="application/dicom"', dicom(ct), 400],
    ["another boundary", 'multipart/related; type="application/dicom"; boundary=other', dicom(ct), 413],
    ["an end that is missing", undefined, dicom(ct).subarray(0, -20), 400],
    ["no parts", undefined, Buffer.from("--b0und--"), 400],
    ["another media type", "text/plain", Buffer.from("x"), 415],
    ["a form", "multipart/form-data; boundary=b0und", dicom(ct), 415],
    ["another inner type", 'multipart/related; type="image/jpeg"; boundary=b0und', dicom(ct), 415],
    ["headers without end", undefined, Buffer.from(`--b0und\r\nX: ${"y".repeat(100_000)}`), 413],
  ])("refuses a body with %s", async (_, type, body, status) => {
    const answer = await post(new Uint8Array(body), type === undefined ? {} : { type });
    expect(answer.status).toBe(status);
    expect(answer.json["code"]).toBeTruthy();
  });

  it("refuses a request without a body", async () => {
    expect((await post(null)).status).toBe(400);
  });
});
