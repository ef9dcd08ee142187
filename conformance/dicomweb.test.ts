/**
 * DICOMweb with programs that are not ours: dicomweb-client in Chromium against `isocenter serve`, and a viewer's requests
 * as OHIF makes them.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { Readable } from "node:stream";
import { boundaryOf, readMultipart } from "@isocenter/archive/dicomweb";
import { decodeFrame } from "@isocenter/codecs";
import { DataSet, decodePart10, type DicomJsonObject, encodePart10, framesOf } from "@isocenter/dicom";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "./support/browser.ts";
import { dataSetOf, type DemoFile, demoFiles, sha256 } from "./support/demo-files.ts";
import { repository, temporaryFolder } from "./support/processes.ts";
import { type IsocenterServer, startIsocenter } from "./support/servers.ts";

/** The first value of an element that holds text. */
function text(object: DicomJsonObject, tag: string): string {
  const value = object[tag]?.Value?.[0];
  if (typeof value !== "string") throw new Error(`${tag} holds no text`);
  return value;
}

let folder: { path: string; remove(): Promise<void> };
let server: IsocenterServer;
let base: string;
const demo: DemoFile[] = [];
const pick = (test: (file: DemoFile) => boolean): DemoFile => {
  const found = demo.find(test);
  if (found === undefined) throw new Error("the demo hospital has no such file");
  return found;
};
const instanceUrl = ({ study, series, instance }: DemoFile): string =>
  `${base}/studies/${study}/series/${series}/instances/${instance}`;

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

async function partsOf(
  response: Response,
): Promise<{ headers: ReadonlyMap<string, string>; bytes: Buffer }[]> {
  const parts = [];
  const body = response.body as unknown as AsyncIterable<Uint8Array>;
  for await (const part of readMultipart(body, boundaryOf(response.headers.get("content-type") ?? ""))) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of part.body) chunks.push(chunk);
    parts.push({ headers: part.headers, bytes: Buffer.concat(chunks) });
  }
  return parts;
}

describe("the same study, from disk and by WADO-RS", () => {
  it("is equal byte by byte where what is stored is taken", async () => {
    const { study } = pick(({ dataSet }) => dataSet.string("Modality") === "CT");
    const response = await fetch(`${base}/studies/${study}`, {
      headers: { accept: 'multipart/related; type="application/dicom"; transfer-syntax=*' },
    });
    const received = new Map<string, string>();
    for (const { bytes } of await partsOf(response)) {
      const uid = decodePart10(bytes).dataSet.string("SOPInstanceUID") ?? "";
      received.set(uid, sha256(dataSetOf(bytes)));
    }
    const files = demo.filter((one) => one.study === study);
    expect(received.size).toBe(files.length);
    for (const { instance, bytes, dataSetOffset } of files) {
      expect(received.get(instance), instance).toBe(sha256(bytes.subarray(dataSetOffset)));
    }
  });

  it("is equal pixel by pixel where it is decoded", async () => {
    const compressed = demo.filter(
      ({ transferSyntaxUid, dataSet }) => /\.4\.|\.5$/.test(transferSyntaxUid) && dataSet.has("PixelData"),
    );
    const syntaxes = new Map(compressed.map((file) => [file.transferSyntaxUid, file]));
    expect(syntaxes.size).toBeGreaterThan(1);
    for (const file of syntaxes.values()) {
      const response = await fetch(`${instanceUrl(file)}/frames/1`, {
        headers: { accept: "application/octet-stream" },
      });
      const received = Buffer.from(await response.arrayBuffer());
      const expected = await decodeFrame(
        framesOf(file.dataSet, file.transferSyntaxUid),
        file.transferSyntaxUid,
      );
      expect(sha256(received), file.transferSyntaxUid).toBe(sha256(expected.bytes));
    }
  });
});

describe("a viewer's session, as OHIF makes it", () => {
  it("goes from the list of studies to the first frame of each series", async () => {
    const json = async (path: string): Promise<DicomJsonObject[]> => {
      const response = await fetch(base + path, { headers: { accept: "application/dicom+json" } });
      expect(response.status, path).toBe(200);
      return (await response.json()) as DicomJsonObject[];
    };
    const studies = await json(
      "/studies?limit=101&offset=0&fuzzymatching=false&includefield=00081030%2C00080060",
    );
    expect(studies).toHaveLength(new Set(demo.map(({ study }) => study)).size);
    let frames = 0;
    for (const study of studies) {
      const uid = text(study, "0020000D");
      const series = await json(`/studies/${uid}/series?includefield=0008103E,00200011`);
      for (const one of series) {
        const seriesUid = text(one, "0020000E");
        const metadata = await json(`/studies/${uid}/series/${seriesUid}/metadata`);
        const files = demo.filter((file) => file.series === seriesUid);
        expect(metadata).toHaveLength(files.length);
        expect(one["00201209"]?.Value).toEqual([files.length]);
        const [first] = metadata;
        if (first?.["7FE00010"] === undefined) continue;
        expect(first["7FE00010"].BulkDataURI ?? first["7FE00010"].InlineBinary).toBeTruthy();
        const file = pick(({ instance }) => instance === first["00080018"]?.Value?.[0]);
        const response = await fetch(`${instanceUrl(file)}/frames/1`, {
          headers: { accept: "multipart/related; type=application/octet-stream; transfer-syntax=*" },
        });
        const [part] = await partsOf(response);
        const expected = await framesOf(file.dataSet, file.transferSyntaxUid).bytes(0);
        expect(part === undefined ? "" : sha256(part.bytes), file.path).toBe(sha256(expected));
        frames++;
      }
    }
    expect(frames).toBeGreaterThan(8);
  });
});

describe("bodies larger than the memory for them", () => {
  const size = 600 * 1024 * 1024;
  const uid = "1.2.826.0.1.3680043.10.9999.7";
  /** The server's own peak, in bytes. */
  const peak = async (): Promise<number> => {
    const status = await readFile(`/proc/${server.child.pid}/status`, "utf8");
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
  };
  function* largeFile(): Generator<Uint8Array> {
    const head = DataSet.of({
      SOPClassUID: "1.2.840.10008.5.1.4.1.1.7.2",
      SOPInstanceUID: `${uid}.3`,
      StudyInstanceUID: `${uid}.1`,
      SeriesInstanceUID: `${uid}.2`,
      Modality: "OT",
      PatientID: "LARGE",
      Rows: 1024,
      Columns: 1024,
      BitsAllocated: 8,
      SamplesPerPixel: 1,
      PhotometricInterpretation: "MONOCHROME2",
      NumberOfFrames: size / 1024 / 1024,
    });
    yield encodePart10({ dataSet: head, transferSyntaxUid: "1.2.840.10008.1.2.1" });
    const element = Buffer.from("e07f10004f570000", "hex");
    const header = Buffer.concat([element, Buffer.alloc(4)]);
    header.writeUInt32LE(size, 8);
    yield header;
    const chunk = new Uint8Array(1024 * 1024).fill(7);
    for (let at = 0; at < size; at += chunk.byteLength) yield chunk;
  }

  it("are stored, after leave to go on, and read again", async () => {
    const before = await peak();
    let mayGoOn = false;
    const status = await new Promise<number>((resolve, reject) => {
      const sending = request(`${base}/studies`, {
        method: "POST",
        headers: { "content-type": "application/dicom", expect: "100-continue" },
      });
      sending.once("error", reject);
      sending.once("response", (response) => {
        response.resume();
        response.once("end", () => resolve(response.statusCode ?? 0));
      });
      sending.once("continue", () => {
        mayGoOn = true;
        Readable.from(largeFile()).pipe(sending);
      });
      sending.flushHeaders();
    });
    expect(status).toBe(200);
    expect(mayGoOn).toBe(true);
    const response = await fetch(`${base}/studies/${uid}.1`, {
      headers: { accept: 'multipart/related; type="application/dicom"; transfer-syntax=*' },
    });
    let received = 0;
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>)
      received += chunk.byteLength;
    expect(received).toBeGreaterThan(size);
    expect((await peak()) - before).toBeLessThan(128 * 1024 * 1024);
    await fetch(`${base}/studies/${uid}.1`, { method: "DELETE" });
  });
});

describe("pictures from drawing threads", () => {
  it("are made beside other requests, and their errors keep their status", async () => {
    const file = pick(({ dataSet }) => dataSet.string("Modality") === "MR");
    const pictures = await Promise.all(
      Array.from({ length: 20 }, (_, index) => fetch(`${instanceUrl(file)}/rendered?quality=${index + 10}`)),
    );
    for (const picture of pictures) {
      expect(picture.status).toBe(200);
      const [first, second] = new Uint8Array(await picture.arrayBuffer());
      expect([first, second]).toEqual([0xff, 0xd8]);
    }
    const outside = await fetch(`${instanceUrl(file)}/rendered?viewport=10,10,9999,9999,10,10`);
    expect(outside.status).toBe(400);
    expect(await outside.json()).toMatchObject({ code: "parameter-invalid" });
  });
});

describe.skipIf(!existsSync("/usr/bin/chromium"))("dicomweb-client in a browser", () => {
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    browser = await launchBrowser();
    const context = await browser.newContext({ bypassCSP: true });
    page = await context.newPage();
    await page.goto(`${server.http}/healthz`);
    await page.addScriptTag({
      path: join(repository, "node_modules/dicomweb-client/build/dicomweb-client.js"),
    });
  });
  afterAll(() => browser.close());

  /** Calls one of the client's functions in the page; buffers come back as digests. */
  function call<T = unknown>(method: string, options: Record<string, unknown>): Promise<T> {
    return page.evaluate(
      async ([url, name, given]) => {
        const { DICOMwebClient } = (
          globalThis as unknown as {
            DICOMwebClient: {
              api: Record<string, new (o: object) => Record<string, (o: object) => Promise<unknown>>>;
            };
          }
        ).DICOMwebClient.api as never as {
          DICOMwebClient: new (o: object) => Record<string, (o: object) => Promise<unknown>>;
        };
        const client = new DICOMwebClient({ url });
        if (Array.isArray(given["datasets"])) {
          given["datasets"] = (given["datasets"] as number[][]).map((bytes) => Uint8Array.from(bytes).buffer);
        }
        const digest = async (buffer: ArrayBuffer): Promise<string> =>
          Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", buffer)), (byte) =>
            byte.toString(16).padStart(2, "0"),
          ).join("");
        const shown = async (value: unknown): Promise<unknown> => {
          if (value instanceof ArrayBuffer)
            return {
              sha256: await digest(value),
              length: value.byteLength,
              start: [...new Uint8Array(value, 0, Math.min(4, value.byteLength))],
            };
          if (Array.isArray(value)) return Promise.all(value.map(shown));
          return value;
        };
        return shown(await client[name]?.(given)) as Promise<never>;
      },
      [base, method, options] as const,
    );
  }
  interface Shown {
    readonly sha256: string;
    readonly length: number;
    readonly start: number[];
  }

  it("searches studies, series and instances", async () => {
    const file = pick(({ dataSet }) => dataSet.string("Modality") === "CT");
    const studies = await call<DicomJsonObject[]>("searchForStudies", {
      queryParams: { PatientID: file.dataSet.string("PatientID") },
    });
    expect(studies.map((one) => one["0020000D"]?.Value?.[0])).toContain(file.study);
    const series = await call<DicomJsonObject[]>("searchForSeries", { studyInstanceUID: file.study });
    expect(series.map((one) => one["0020000E"]?.Value?.[0])).toContain(file.series);
    const instances = await call<DicomJsonObject[]>("searchForInstances", {
      studyInstanceUID: file.study,
      seriesInstanceUID: file.series,
    });
    expect(instances).toHaveLength(demo.filter((one) => one.series === file.series).length);
    expect(await call("searchForStudies", { queryParams: { PatientID: "nobody" } })).toEqual([]);
  });

  it("retrieves metadata at each level", async () => {
    const file = pick(({ dataSet }) => dataSet.string("Modality") === "MR");
    const uids = {
      studyInstanceUID: file.study,
      seriesInstanceUID: file.series,
      sopInstanceUID: file.instance,
    };
    const count = (test: (one: DemoFile) => boolean): number => demo.filter(test).length;
    expect(await call("retrieveStudyMetadata", uids)).toHaveLength(
      count(({ study }) => study === file.study),
    );
    expect(await call("retrieveSeriesMetadata", uids)).toHaveLength(
      count(({ series }) => series === file.series),
    );
    const [metadata] = await call<DicomJsonObject[]>("retrieveInstanceMetadata", uids);
    expect(metadata?.["00080018"]?.Value).toEqual([file.instance]);
    const uri = metadata?.["7FE00010"]?.BulkDataURI;
    const [bulk] = await call<Shown[]>("retrieveBulkData", { BulkDataURI: uri });
    const pixels = await decodeFrame(framesOf(file.dataSet, file.transferSyntaxUid), file.transferSyntaxUid);
    expect(bulk?.sha256).toBe(sha256(pixels.bytes));
  });

  it("retrieves instances, series and studies", async () => {
    const file = pick(
      ({ transferSyntaxUid, dataSet }) =>
        dataSet.has("PixelData") && transferSyntaxUid === "1.2.840.10008.1.2.1",
    );
    const uids = {
      studyInstanceUID: file.study,
      seriesInstanceUID: file.series,
      sopInstanceUID: file.instance,
    };
    const stored = await fetch(instanceUrl(file), {
      headers: { accept: "application/dicom; transfer-syntax=*" },
    });
    const expected = sha256(new Uint8Array(await stored.arrayBuffer()));
    expect((await call<Shown>("retrieveInstance", uids)).sha256).toBe(expected);
    const series = await call<Shown[]>("retrieveSeries", uids);
    expect(series.map((one) => one.sha256)).toContain(expected);
    expect(series).toHaveLength(demo.filter((one) => one.series === file.series).length);
    expect(await call("retrieveStudy", uids)).toHaveLength(
      demo.filter((one) => one.study === file.study).length,
    );
  });

  it("retrieves frames as they are, decoded, and as pictures", async () => {
    const file = pick(({ transferSyntaxUid }) => transferSyntaxUid === "1.2.840.10008.1.2.4.70");
    const uids = {
      studyInstanceUID: file.study,
      seriesInstanceUID: file.series,
      sopInstanceUID: file.instance,
    };
    const frames = framesOf(file.dataSet, file.transferSyntaxUid);
    const one = { ...uids, frameNumbers: [1] };
    const stored = await call<Shown[]>("retrieveInstanceFrames", {
      ...one,
      mediaTypes: [{ mediaType: "image/jpeg", transferSyntaxUID: file.transferSyntaxUid }],
    });
    expect(stored.map((frame) => frame.sha256)).toEqual([sha256(await frames.bytes(0))]);
    const [decoded] = await call<Shown[]>("retrieveInstanceFrames", one);
    expect(decoded?.sha256).toBe(sha256((await decodeFrame(frames, file.transferSyntaxUid)).bytes));
    const jpeg = [0xff, 0xd8, 0xff];
    for (const method of ["retrieveInstanceRendered", "retrieveInstanceThumbnail"]) {
      const [picture] = [
        await call<Shown | Shown[]>(method, { ...uids, mediaTypes: [{ mediaType: "image/jpeg" }] }),
      ].flat();
      expect(picture?.start.slice(0, 3), method).toEqual(jpeg);
    }
    for (const method of ["retrieveInstanceFramesRendered", "retrieveInstanceFramesThumbnail"]) {
      const [picture] = [
        await call<Shown | Shown[]>(method, { ...one, mediaTypes: [{ mediaType: "image/jpeg" }] }),
      ].flat();
      expect(picture?.start.slice(0, 3), method).toEqual(jpeg);
    }
  });

  it("shows our pictures with the colours that they have", async () => {
    const file = pick(({ dataSet }) => dataSet.number("SamplesPerPixel") === 3);
    const colours = await page.evaluate(async (url) => {
      const pixelsOf = async (type: string): Promise<number[]> => {
        const response = await fetch(`${url}/frames/1/rendered?viewport=64,64&quality=100`, {
          headers: { accept: type },
        });
        const image = await createImageBitmap(await response.blob());
        const canvas = new OffscreenCanvas(image.width, image.height);
        const context = canvas.getContext("2d")!;
        context.drawImage(image, 0, 0);
        return [...context.getImageData(0, 0, image.width, image.height).data];
      };
      const [png, jpeg] = [await pixelsOf("image/png"), await pixelsOf("image/jpeg")];
      const differences = png.map((value, index) => Math.abs(value - (jpeg[index] ?? 0)));
      const colourfulness = Math.max(
        ...png.map((value, index) => (index % 4 === 0 ? Math.abs(value - (png[index + 2] ?? 0)) : 0)),
      );
      return {
        length: png.length,
        mean: differences.reduce((sum, one) => sum + one, 0) / png.length,
        colourfulness,
      };
    }, instanceUrl(file));
    expect(colours.length).toBeGreaterThan(1000);
    expect(colours.mean).toBeLessThan(6);
  });

  it("stores instances", async () => {
    const path = join(repository, "fixtures/jpeg-ls/CT1_JLSL.dcm");
    const file = await readFile(path);
    const uid = decodePart10(file).dataSet.string("StudyInstanceUID");
    const answer = await call<unknown>("storeInstances", { datasets: [[...file]] });
    expect(JSON.stringify(answer)).toContain(decodePart10(file).dataSet.string("SOPInstanceUID"));
    expect(await call("searchForStudies", { queryParams: { StudyInstanceUID: uid } })).toHaveLength(1);
  });
});
