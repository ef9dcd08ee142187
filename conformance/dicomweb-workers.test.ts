/** The DICOMweb face in workerd, where there is nothing of Node: stored, searched, read and drawn there. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { decodePart10, type DicomJsonObject } from "@isocenter/dicom";
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundle } from "./runtimes/bundle.ts";
import { repository } from "./support/processes.ts";

describe("the DICOMweb face in workerd", () => {
  const base = "http://worker/dicom-web";
  let worker: Miniflare;
  let file: Buffer;
  let url: string;
  beforeAll(async () => {
    const script = await bundle("dicomweb-worker-entry.ts");
    expect(script).not.toMatch(/from "node:|require\("node:/);
    worker = new Miniflare({ modules: true, script, compatibilityDate: "2026-04-01", cf: false });
    await worker.ready;
    file = await readFile(join(repository, "fixtures/native-explicit-le/CT_small.dcm"));
    const { dataSet } = decodePart10(file);
    const [study, series, instance] = ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"].map(
      (keyword) => dataSet.string(keyword),
    );
    url = `/studies/${study}/series/${series}/instances/${instance}`;
    const stored = await worker.dispatchFetch(`${base}/studies`, {
      method: "POST",
      body: file,
      headers: { "content-type": "application/dicom" },
    });
    expect(stored.status).toBe(200);
  });
  afterAll(() => worker.dispose());

  const get = async (path: string, accept: string): Promise<Buffer> => {
    const response = await worker.dispatchFetch(base + path, { headers: { accept } });
    expect(response.status, path).toBe(200);
    return Buffer.from(await response.arrayBuffer());
  };

  it.each(["", "/far"])("searches, and reads metadata, frames, files and pictures at %j", async (peer) => {
    const [study] = JSON.parse(
      (await get(`${peer}/studies`, "application/dicom+json")).toString(),
    ) as DicomJsonObject[];
    expect(study?.["00081190"]?.Value).toEqual([`${base}${peer}${url.slice(0, url.indexOf("/series"))}`]);
    const [metadata] = JSON.parse(
      (await get(`${peer}${url}/metadata`, "application/dicom+json")).toString(),
    ) as DicomJsonObject[];
    expect(metadata?.["7FE00010"]?.BulkDataURI).toBe(`${base}${peer}${url}/bulkdata/7FE00010`);
    const pixels = Buffer.from(decodePart10(file).dataSet.bytes("PixelData") ?? []);
    expect((await get(`${peer}${url}/frames/1`, "application/octet-stream")).equals(pixels)).toBe(true);
    const whole = await get(`${peer}${url}`, "application/dicom; transfer-syntax=*");
    const dataSetOf = (bytes: Buffer): Buffer => bytes.subarray(decodePart10(bytes).dataSetOffset);
    expect(dataSetOf(whole).equals(dataSetOf(file))).toBe(true);
    const png = await get(`${peer}${url}/rendered`, "image/png");
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([128, 128]);
  });

  it("compresses with what the runtime has", async () => {
    const response = await worker.dispatchFetch(`${base}${url}/metadata`, {
      headers: { "accept-encoding": "gzip" },
    });
    expect(JSON.parse(await response.text())).toHaveLength(1);
  });
});
