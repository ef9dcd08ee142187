/** The face over sources in memory: frames, pictures and bulk data, with what PS3.18 says of them. */
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import { decodeFrame } from "@isocenter/codecs";
import { DataSet, decodePart10, encodeDataSet, framesOf } from "@isocenter/dicom";
import { beforeEach, describe, expect, it } from "vitest";
import {
  addFixture,
  type Added,
  base,
  ecg,
  fixtures,
  partsOf,
  problemIn,
  sources,
} from "../test/face-harness.ts";
import { MemorySource } from "../test/memory-source.ts";
import { createDicomweb, type DicomwebHandler } from "./face.ts";

describe.each(sources)("pixels from the DICOMweb face over a source %s", (_, make) => {
  let source: MemorySource;
  let face: DicomwebHandler;
  let failures: unknown[];
  beforeEach(() => {
    source = make();
    failures = [];
    face = createDicomweb({
      sourceFor: (peer) => (peer === undefined ? source : undefined),
      onError: (error) => failures.push(error),
    });
  });

  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    face(new Request(`${base}${path}`, { headers }));
  const add = (name: string): Added => addFixture(source, name);
  const ct = (): Added => add("jpeg-ls/CT1_JLSL.dcm");

  describe("frames", () => {
    const stored = 'multipart/related; type="application/octet-stream"; transfer-syntax=*';

    it("go as they lie in the file where that is taken", async () => {
      const { url, dataSet, transferSyntaxUid } = ct();
      const frame = Buffer.from(await framesOf(dataSet, transferSyntaxUid).bytes(0));
      const response = await get(`${url}/frames/1`, { accept: stored });
      const [part, ...more] = await partsOf(response);
      expect(more).toHaveLength(0);
      expect(part?.bytes.equals(frame)).toBe(true);
      expect(part?.headers.get("content-type")).toBe(
        `application/octet-stream; transfer-syntax=${transferSyntaxUid}`,
      );
      expect(part?.headers.get("content-location")).toBe(`${base}${url}/frames/1`);
      const alone = await get(`${url}/frames/1`, { accept: "image/jls" });
      expect(alone.headers.get("content-type")).toBe(`image/jls; transfer-syntax=${transferSyntaxUid}`);
      expect(Buffer.from(await alone.arrayBuffer()).equals(frame)).toBe(true);
    });

    it("are decoded where only plain samples are taken", async () => {
      const { url, dataSet, transferSyntaxUid } = ct();
      const { bytes } = await decodeFrame(framesOf(dataSet, transferSyntaxUid), transferSyntaxUid);
      const response = await get(`${url}/frames/1`, {
        accept: 'multipart/related; type="application/octet-stream"',
      });
      const [part] = await partsOf(response);
      expect(part?.headers.get("content-type")).toBe(
        "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1",
      );
      expect(part?.bytes.equals(Buffer.from(bytes))).toBe(true);
    });

    it.each([
      ["image/jp2", "1.2.840.10008.1.2.4.90"],
      ["image/jphc", "1.2.840.10008.1.2.4.201"],
      ["image/dicom-rle", "1.2.840.10008.1.2.5"],
    ])("are encoded as %s with the same pixels", async (mediaType, syntax) => {
      const { url, dataSet, transferSyntaxUid } = ct();
      const frames = framesOf(dataSet, transferSyntaxUid);
      const expected = await decodeFrame(frames, transferSyntaxUid);
      const response = await get(`${url}/frames/1`, { accept: mediaType });
      expect(response.headers.get("content-type")).toBe(`${mediaType}; transfer-syntax=${syntax}`);
      const encoded = new Uint8Array(await response.arrayBuffer());
      const again = await decodeFrame({ ...frames, bytes: async () => encoded }, syntax);
      expect(Buffer.from(again.bytes).equals(Buffer.from(expected.bytes))).toBe(true);
    });

    it("come in the order asked for, each with its place", async () => {
      const { url, dataSet, transferSyntaxUid } = add("enhanced-multiframe/emri_small.dcm");
      const frames = framesOf(dataSet, transferSyntaxUid);
      const parts = await partsOf(await get(`${url}/frames/3,1,10`, { accept: stored }));
      const expected = await Promise.all([2, 0, 9].map((index) => frames.bytes(index)));
      expect(parts.map(({ bytes }, index) => bytes.equals(Buffer.from(expected[index]!)))).toEqual([
        true,
        true,
        true,
      ]);
      expect(parts.map(({ headers }) => headers.get("content-location")?.split("/").at(-1))).toEqual([
        "3",
        "1",
        "10",
      ]);
    });

    it("have ranges when one is sent by itself", async () => {
      const { url, dataSet, transferSyntaxUid } = ct();
      const frame = Buffer.from(await framesOf(dataSet, transferSyntaxUid).bytes(0));
      const accept = "application/octet-stream; transfer-syntax=*";
      const response = await get(`${url}/frames/1`, { accept, range: "bytes=10-19" });
      expect(response.status).toBe(206);
      expect(response.headers.get("content-range")).toBe(`bytes 10-19/${frame.length}`);
      expect(Buffer.from(await response.arrayBuffer()).equals(frame.subarray(10, 20))).toBe(true);
      const beyond = await get(`${url}/frames/1`, { accept, range: `bytes=${frame.length}-` });
      expect(beyond.status).toBe(416);
      const etag = response.headers.get("etag") ?? "";
      expect((await get(`${url}/frames/1`, { accept, "if-none-match": etag })).status).toBe(304);
    });

    it("of big-endian words are little endian", async () => {
      const { url } = add("native-explicit-be/MR_small_bigendian.dcm");
      const { dataSet, transferSyntaxUid } = source.instances[0]!;
      const { bytes } = await decodeFrame(framesOf(dataSet, transferSyntaxUid), transferSyntaxUid);
      const response = await get(`${url}/frames/1`, { accept: "application/octet-stream" });
      expect(Buffer.from(await response.arrayBuffer()).equals(Buffer.from(bytes))).toBe(true);
    });

    it.each([
      ["/frames/2", 404, "not-found"],
      ["/frames/1,9", 404, "not-found"],
      ["/frames/0", 400, "path-invalid"],
    ])("at %s are %i", async (path, status, code) => {
      const { url } = ct();
      const response = await get(url + path, { accept: path.includes(",") ? stored : "*/*" });
      if (path.includes(",")) {
        // The first was there, so the answer has begun; it must not end as if it were whole.
        await expect(response.arrayBuffer()).rejects.toThrow();
        expect(failures).toHaveLength(1);
        return;
      }
      expect(response.status).toBe(status);
      expect(await problemIn(response)).toMatchObject({ code });
    });

    it("are 406 with what there is in a form that there is not", async () => {
      const { url } = ct();
      const body = await problemIn(await get(`${url}/frames/1`, { accept: "image/jxl" }));
      expect(body).toMatchObject({ status: 406, code: "not-acceptable" });
      expect(body["available"]).toContain("image/jls; transfer-syntax=1.2.840.10008.1.2.4.80");
    });

    it("are 404 of an instance that is no image", async () => {
      const { url } = add(ecg);
      expect((await get(`${url}/frames/1`)).status).toBe(404);
    });
  });

  describe("pictures", () => {
    it.each(["/rendered", "/frames/1/rendered", "/thumbnail"])("are JPEG at %s", async (path) => {
      const { url } = ct();
      const response = await get(url + path);
      expect(response.headers.get("content-type")).toBe("image/jpeg");
      expect([...new Uint8Array(await response.arrayBuffer()).subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
    });

    it("are had of studies and series too, of the middle one", async () => {
      const { url } = ct();
      const study = url.slice(0, url.indexOf("/series"));
      for (const path of [study, url.slice(0, url.indexOf("/instances"))]) {
        const response = await get(`${path}/thumbnail`, { accept: "image/png" });
        expect(response.headers.get("content-location")).toBe(`${base}${url}/frames/1/rendered`);
        const png = Buffer.from(await response.arrayBuffer());
        expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([128, 128]);
      }
    });

    it("have the window and size that are asked for", async () => {
      const { url } = ct();
      const pixels = async (query: string): Promise<Buffer> => {
        const response = await get(`${url}/rendered?viewport=64,64,224,224,64,64&${query}`, {
          accept: "image/png",
        });
        const png = Buffer.from(await response.arrayBuffer());
        expect(png.readUInt32BE(16)).toBe(64);
        return inflateSync(png.subarray(41, png.length - 16));
      };
      const white = await pixels("window=-5000,10,linear");
      const black = await pixels("window=30000,10,linear");
      // The first pixel of a row is as it is, the others are differences.
      expect(white[1]).toBe(255);
      expect(black[1]).toBe(0);
    });

    it("are one part to a frame in multipart", async () => {
      const { url } = ct();
      const parts = await partsOf(
        await get(`${url}/rendered`, { accept: 'multipart/related; type="image/jpeg"' }),
      );
      expect(parts).toHaveLength(1);
      expect(parts[0]?.headers.get("content-type")).toBe("image/jpeg");
    });

    it("warn of annotations that are not drawn", async () => {
      const { url } = ct();
      const response = await get(`${url}/rendered?annotation=patient`);
      expect(response.headers.get("warning")).toBe(
        '299 pacs.test "The following annotation values are not supported: patient"',
      );
    });

    it("are told apart by their entity tags", async () => {
      const { url } = ct();
      const a = (await get(`${url}/rendered?quality=10`)).headers.get("etag") ?? "";
      const b = (await get(`${url}/rendered?quality=20`)).headers.get("etag") ?? "";
      expect(a).not.toBe(b);
      expect((await get(`${url}/rendered?quality=10`, { "if-none-match": a })).status).toBe(304);
    });

    it("are asked for in the old way too (PS3.18 9)", async () => {
      const { url, transferSyntaxUid } = ct();
      const [, study, , series, , instance] = url.split("/").slice(1);
      const query = `requestType=WADO&studyUID=${study}&seriesUID=${series}&objectUID=${instance}`;
      const picture = await get(`?${query}&rows=50&contentType=image/png`);
      expect(Buffer.from(await picture.arrayBuffer()).readUInt32BE(20)).toBe(50);
      const file = await get(
        `/wado?${query}&contentType=application/dicom&transferSyntax=${transferSyntaxUid}`,
      );
      expect(decodePart10(new Uint8Array(await file.arrayBuffer())).transferSyntaxUid).toBe(
        transferSyntaxUid,
      );
      for (const wrong of [
        "/wado?requestType=WADO",
        `/wado?${query}&windowCenter=1`,
        `/wado?${query}&frameNumber=0`,
      ]) {
        expect((await get(wrong)).status, wrong).toBe(400);
      }
      expect((await get(`/wado?${query}&frameNumber=2`)).status).toBe(404);
    });
  });

  describe("bulk data", () => {
    it("is any value by its place, also inside sequences", async () => {
      source.instances.push(
        ...[new MemorySource()].map((one) => one.addFile(join(fixtures, "jpeg-ls/CT1_JLSL.dcm"))),
      );
      const { dataSet, transferSyntaxUid } = source.instances[0]!;
      const nested = dataSet.with("OtherPatientIDsSequence", [
        DataSet.of({ PatientID: "a" }),
        DataSet.of({ PatientID: "b c " }),
      ]);
      source.instances.length = 0;
      source.instances.push({
        dataSet: nested,
        transferSyntaxUid,
        bytes: encodeDataSet(nested, transferSyntaxUid),
      });
      const [study, series, instance] = ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"].map(
        (keyword) => nested.string(keyword),
      );
      const url = `/studies/${study}/series/${series}/instances/${instance}/bulkdata`;
      const response = await get(`${url}/00101002/1/00100020`, { accept: "application/octet-stream" });
      expect(await response.text()).toBe("b c ");
      const [part] = await partsOf(
        await get(`${url}/00101002/0/00100020`, {
          accept: 'multipart/related; type="application/octet-stream"',
        }),
      );
      expect(part?.bytes.toString()).toBe("a ");
      for (const wrong of ["00101002/2/00100020", "00101002", "00091FFE"]) {
        expect((await get(`${url}/${wrong}`)).status, wrong).toBe(404);
      }
      const range = await get(`${url}/00101002/1/00100020`, {
        accept: "application/octet-stream",
        range: "bytes=2-2",
      });
      expect(await range.text()).toBe("c");
    });

    it("of compressed pixels is decoded, or the frames' code streams", async () => {
      const { url, dataSet, transferSyntaxUid } = ct();
      const frames = framesOf(dataSet, transferSyntaxUid);
      const decoded = await get(`${url}/bulkdata/7FE00010`, { accept: "application/octet-stream" });
      expect(
        Buffer.from(await decoded.arrayBuffer()).equals(
          Buffer.from((await decodeFrame(frames, transferSyntaxUid)).bytes),
        ),
      ).toBe(true);
      const [part] = await partsOf(
        await get(`${url}/bulkdata/7FE00010`, { accept: 'multipart/related; type="image/jls"' }),
      );
      expect(part?.bytes.equals(Buffer.from(await frames.bytes(0)))).toBe(true);
    });
  });
});
