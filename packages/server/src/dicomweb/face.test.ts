/** The face over sources in memory: searches, metadata, files, and what holds for every request. */
import { join } from "node:path";
import { decodeFrame } from "@isocenter/codecs";
import { decodePart10, type DicomJsonObject, framesOf, fromDicomJson, toDicomJson } from "@isocenter/dicom";
import { DimseStatusError, statusOf } from "@isocenter/network";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { addFixture, type Added, base, fixtures, partsOf, problemIn, sources } from "../test/face-harness.ts";
import { MemorySource, RichMemorySource } from "../test/memory-source.ts";
import { createDicomweb, type DicomwebHandler } from "./face.ts";

describe.each(sources)("the DICOMweb face over a source %s", (_, make) => {
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

  describe("searching", () => {
    it("answers the attributes of PS3.18 Table 10.6.3-3 for studies", async () => {
      const { dataSet, url } = ct();
      const response = await get("/studies");
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toBe("application/dicom+json");
      const [study] = (await response.json()) as DicomJsonObject[];
      expect(study?.["00081190"]?.Value).toEqual([base + url.slice(0, url.indexOf("/series"))]);
      expect(study?.["00080056"]?.Value).toEqual(["ONLINE"]);
      expect(study?.["00080005"]?.Value).toEqual(["ISO_IR 192"]);
      expect(study?.["00100020"]?.Value).toEqual([dataSet.string("PatientID")]);
      for (const tag of "00080020 00080030 00080050 00080061 00080090 00100010 00100030 00100040 0020000D 00200010 00201206 00201208".split(
        " ",
      )) {
        expect(study, tag).toHaveProperty(tag);
      }
      expect(study).not.toHaveProperty("00080052");
      expect(Object.keys(study ?? {})).toEqual(Object.keys(study ?? {}).sort());
    });

    it("answers series and instances with where they are", async () => {
      const { url } = ct();
      const [, study, , series] = url.split("/").slice(1);
      const [one] = (await (await get(`/studies/${study}/series`)).json()) as DicomJsonObject[];
      expect(one?.["00081190"]?.Value).toEqual([`${base}/studies/${study}/series/${series}`]);
      expect(one).toHaveProperty("00080060");
      const [image] = (await (await get("/instances")).json()) as DicomJsonObject[];
      expect(image?.["00081190"]?.Value).toEqual([base + url]);
      expect(image?.["00280010"]?.Value).toEqual([512]);
      expect(image).toHaveProperty("00100010");
    });

    it("answers 204 when nothing matches", async () => {
      ct();
      const response = await get("/studies?PatientID=nobody");
      expect(response.status).toBe(204);
      expect(await response.text()).toBe("");
    });

    it("warns that there is more, and only then", async () => {
      ct();
      add("rle/MR_small_RLE.dcm");
      const first = await get("/studies?limit=1");
      expect(first.headers.get("warning")).toBe(
        '299 pacs.test "There are additional results that can be requested."',
      );
      const second = await get("/studies?limit=1&offset=1");
      expect(second.headers.get("warning")).toBeNull();
      const [a] = (await first.json()) as DicomJsonObject[];
      const [b] = (await second.json()) as DicomJsonObject[];
      expect(a?.["0020000D"]).not.toEqual(b?.["0020000D"]);
      expect((await get("/studies?limit=2")).headers.get("warning")).toBeNull();
      expect((await get("/studies?limit=0")).status).toBe(204);
    });

    it("stops at the most results that the service gives, with a warning", async () => {
      ct();
      add("rle/MR_small_RLE.dcm");
      const small = createDicomweb({ sourceFor: () => source, limits: { maximumResults: 1 } });
      const response = await small(new Request(`${base}/studies`));
      expect(await response.json()).toHaveLength(1);
      expect(response.headers.get("warning")).toMatch(/^299 /);
    });

    it("answers in XML, one part to a result", async () => {
      ct();
      add("rle/MR_small_RLE.dcm");
      const response = await get("/studies", { accept: 'multipart/related; type="application/dicom+xml"' });
      const parts = await partsOf(response);
      expect(parts).toHaveLength(2);
      expect(parts[0]?.headers.get("content-type")).toBe("application/dicom+xml");
      expect(parts[0]?.bytes.toString()).toMatch(/<NativeDicomModel[^]*keyword="StudyInstanceUID"/);
    });

    it("says what is wrong with a parameter", async () => {
      const response = await get("/studies?PatientNmae=Doe");
      expect(response.status).toBe(400);
      expect(await problemIn(response)).toMatchObject({ code: "parameter-invalid", status: 400 });
    });

    it("is compressed for who takes that, and the same", async () => {
      for (const name of ["jpeg-ls/CT1_JLSL.dcm", "rle/MR_small_RLE.dcm"]) add(name);
      const plain = await (await get("/instances")).text();
      const response = await get("/instances", { "accept-encoding": "gzip, br" });
      expect(response.headers.get("content-encoding")).toBe("gzip");
      const stream = new DecompressionStream("gzip");
      const inflated = await new Response(response.body?.pipeThrough(stream)).text();
      expect(inflated).toBe(plain);
      expect(
        (await get("/instances", { "accept-encoding": "gzip;q=0" })).headers.get("content-encoding"),
      ).toBeNull();
    });
  });

  describe("metadata", () => {
    it("holds every attribute but the pixels, which are a URL that answers", async () => {
      const { url, dataSet, bytes } = add("native-explicit-le/CT_small.dcm");
      const response = await get(`${url}/metadata`);
      const [json] = (await response.json()) as DicomJsonObject[];
      const expected = Object.keys(toDicomJson(dataSet));
      expect(Object.keys(json ?? {})).toEqual(expected);
      const uri = json?.["7FE00010"]?.BulkDataURI;
      expect(uri).toBe(`${base}${url}/bulkdata/7FE00010`);
      const bulk = await face(new Request(uri ?? "", { headers: { accept: "application/octet-stream" } }));
      const pixels = Buffer.from(await bulk.arrayBuffer());
      expect(pixels.equals(Buffer.from(dataSet.bytes("PixelData") ?? []))).toBe(true);
      expect(bytes.byteLength).toBeGreaterThan(pixels.byteLength);
    });

    it("has an entity tag that spares sending it again", async () => {
      const { url } = ct();
      const first = await get(`${url}/metadata`);
      const etag = first.headers.get("etag") ?? "";
      expect(etag).toMatch(/^"[0-9a-f]+"$/);
      const again = await get(`${url}/metadata`, { "if-none-match": etag });
      expect(again.status).toBe(304);
      expect(again.headers.get("etag")).toBe(etag);
    });

    it("says the same in XML", async () => {
      const { url } = ct();
      const [json] = (await (await get(`${url}/metadata`)).json()) as DicomJsonObject[];
      const response = await get(`${url}/metadata`, {
        accept: 'multipart/related; type="application/dicom+xml"',
      });
      const [part] = await partsOf(response);
      const xml = part?.bytes.toString() ?? "";
      expect(xml).toContain(`<BulkData uri="${json?.["7FE00010"]?.BulkDataURI}"/>`);
      expect(xml).toContain(`<Value number="1">${url.split("/")[2]}</Value>`);
    });

    it("is of all instances of a study or series", async () => {
      const { url } = ct();
      const study = url.slice(0, url.indexOf("/series"));
      const other = source.instances[0]!;
      source.instances.push({ ...other, dataSet: other.dataSet.with("SOPInstanceUID", "1.2.3") });
      expect(await (await get(`${study}/metadata`)).json()).toHaveLength(2);
      expect(await (await get(`${url}/metadata`)).json()).toHaveLength(1);
    });

    it.each([
      "/studies/1.2.3/metadata",
      "/studies/1.2.3/series/4.5/metadata",
      "/studies/1/series/2/instances/3",
    ])("is 404 at %s", async (path) => {
      const response = await get(path);
      expect(response.status).toBe(404);
      expect(await problemIn(response)).toMatchObject({ code: "not-found" });
    });
  });

  describe("instances", () => {
    it("are files as they are stored, where that is taken", async () => {
      const { url, bytes, transferSyntaxUid } = ct();
      const accept = 'multipart/related; type="application/dicom"; transfer-syntax=*';
      for (const path of [
        url,
        url.slice(0, url.indexOf("/instances")),
        url.slice(0, url.indexOf("/series")),
      ]) {
        const [part] = await partsOf(await get(path, { accept }));
        expect(part?.headers.get("content-type")).toBe(
          `application/dicom; transfer-syntax=${transferSyntaxUid}`,
        );
        const file = decodePart10(part?.bytes ?? new Uint8Array(0));
        expect(part?.bytes.subarray(file.dataSetOffset).equals(Buffer.from(bytes))).toBe(true);
      }
    });

    it("are Explicit VR Little Endian where nothing is said", async () => {
      const { url, dataSet, transferSyntaxUid } = ct();
      const { bytes } = await decodeFrame(framesOf(dataSet, transferSyntaxUid), transferSyntaxUid);
      for (const path of [url, url.slice(0, url.indexOf("/series"))]) {
        const [part] = await partsOf(await get(path));
        const file = decodePart10(part?.bytes ?? new Uint8Array(0));
        expect(file.transferSyntaxUid).toBe("1.2.840.10008.1.2.1");
        expect(file.meta.string("TransferSyntaxUID")).toBe("1.2.840.10008.1.2.1");
        expect(Buffer.from(file.dataSet.bytes("PixelData") ?? []).equals(Buffer.from(bytes))).toBe(true);
      }
    });

    it("are never Implicit VR, which web services do not use", async () => {
      const { url } = add("all-vr/allvr_implicit_le.dcm");
      const accept = "application/dicom; transfer-syntax=*";
      const response = await get(url, { accept });
      expect(response.headers.get("content-type")).toBe(
        "application/dicom; transfer-syntax=1.2.840.10008.1.2.1",
      );
      const implicit = "application/dicom; transfer-syntax=1.2.840.10008.1.2";
      expect((await get(url, { accept: implicit })).status).toBe(406);
    });

    it("have a length, an entity tag and ranges by themselves", async () => {
      const { url } = ct();
      const accept = "application/dicom; transfer-syntax=*";
      const whole = await get(url, { accept });
      const file = Buffer.from(await whole.arrayBuffer());
      expect(whole.headers.get("content-length")).toBe(String(file.length));
      const part = await get(url, { accept, range: "bytes=128-131" });
      expect(part.status).toBe(206);
      expect(await part.text()).toBe("DICM");
      const etag = whole.headers.get("etag") ?? "";
      expect((await get(url, { accept, "if-none-match": etag })).status).toBe(304);
    });

    it("are files of a zip archive", async () => {
      const { url } = ct();
      const response = await get(url.slice(0, url.indexOf("/series")), { accept: "application/zip" });
      const { unzipSync } = await import("fflate");
      const files = Object.entries(unzipSync(new Uint8Array(await response.arrayBuffer())));
      expect(files).toHaveLength(1);
      expect(files[0]?.[0]).toMatch(/^[0-9./]+\.dcm$/);
      expect(decodePart10(files[0]?.[1] ?? new Uint8Array(0)).transferSyntaxUid).toBe(
        "1.2.840.10008.1.2.4.80",
      );
    });

    it("answer HEAD with the head alone", async () => {
      const { url } = ct();
      const response = await face(
        new Request(base + url, {
          method: "HEAD",
          headers: { accept: "application/dicom;transfer-syntax=*" },
        }),
      );
      expect(response.status).toBe(200);
      expect(Number(response.headers.get("content-length"))).toBeGreaterThan(1000);
      expect(await response.text()).toBe("");
    });
  });

  it("describes what it offers (PS3.18 8.9)", async () => {
    const wadl = await face(new Request(base, { method: "OPTIONS" }));
    expect(wadl.headers.get("content-type")).toBe("application/vnd.sun.wadl+xml");
    expect(await wadl.text()).toContain(
      '<resource path="studies/{study}/series/{series}/instances/{instance}/frames/{frames}">',
    );
    const json = (await (await get("", { accept: "application/json" })).json()) as {
      resources: { path: string; methods: { method: string }[] }[];
    };
    const study = json.resources.find(({ path }) => path === "studies/{study}");
    const hasDelete = "delete" in source;
    expect(study?.methods.map(({ method }) => method)).toEqual(
      hasDelete ? ["GET", "POST", "DELETE"] : ["GET", "POST"],
    );
  });

  it.each([
    ["PUT", "/studies", 405],
    ["POST", "/series", 405],
    ["DELETE", "/studies", 405],
    ["GET", "/nowhere/studies", 404],
    ["GET", "/studies/1/2/3", 404],
    ["GET", "/studies/%00", 400],
  ])("%s %s is %i with a problem document", async (method, path, status) => {
    const response = await face(new Request(base + path, { method }));
    expect(response.status).toBe(status);
    expect(await problemIn(response)).toMatchObject({ status });
    expect(response.headers.has("allow")).toBe(status === 405);
  });

  it("guards what browsers would do with its answers", async () => {
    const { url } = ct();
    for (const path of ["/studies", `${url}/metadata`, `${url}/frames/1`, url, "/nothing/x"]) {
      const { headers } = await get(path);
      expect(headers.get("x-content-type-options"), path).toBe("nosniff");
      expect(headers.get("content-security-policy"), path).toBe("default-src 'none'; sandbox");
    }
  });

  it("closes what it opens", async () => {
    const { url } = ct();
    const paths = [
      "/frames/1",
      "/frames/1,1",
      "",
      "/rendered",
      "/bulkdata/00100010",
      "/frames/7",
      "/bulkdata/00091FFE",
    ];
    for (const path of paths) {
      const response = await get(url + path);
      if (path === "") await response.body?.cancel();
      else await response.arrayBuffer().catch(() => undefined);
    }
    // What the pool keeps goes with the next change.
    expect(source.openObjects).toBe("open" in source ? 1 : 0);
    await face(new Request(base + url, { method: "DELETE" }));
    await vi.waitFor(() => expect(source.openObjects).toBe(0));
  });
});

describe("the DICOMweb face", () => {
  it("fetches an instance of a streaming source once for all its frames", async () => {
    const source = new MemorySource("dimse");
    source.addFile(join(fixtures, "jpeg-ls/CT1_JLSL.dcm"));
    const face = createDicomweb({ sourceFor: () => source });
    const { dataSet } = source.instances[0]!;
    const [study, series, instance] = ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"].map(
      (keyword) => dataSet.string(keyword),
    );
    const url = `${base}/far/studies/${study}/series/${series}/instances/${instance}/frames/1`;
    await Promise.all([1, 2, 3].map(() => face(new Request(url))));
    expect(source.reads).toBe(1);
  });

  it("is 404 where a peer refuses to send what it does not have, and 502 where it has it", async () => {
    const source = new MemorySource("dimse");
    const { url } = addFixture(source, "jpeg-ls/CT1_JLSL.dcm");
    source.retrieve = () => {
      throw new DimseStatusError("C-GET", statusOf(0xa701), {});
    };
    const face = createDicomweb({ sourceFor: () => source });
    const status = async (path: string): Promise<number> =>
      (await face(new Request(`${base}/far${path}`))).status;
    for (const below of ["", "/metadata", "/frames/1"]) {
      expect(await status(url + below), below).toBe(502);
      expect(await status(`/studies/1.2/series/1.3/instances/1.4${below}`), below).toBe(404);
    }
    expect(await status("/studies/1.2/metadata")).toBe(404);
  });

  it("says that a peer does not match fuzzily", async () => {
    const source = new MemorySource("dimse");
    source.addFile(join(fixtures, "jpeg-ls/CT1_JLSL.dcm"));
    const face = createDicomweb({ sourceFor: () => source });
    const response = await face(new Request(`${base}/far/studies?fuzzymatching=true`));
    expect(response.headers.get("warning")).toContain("The fuzzymatching parameter is not supported.");
    const [study] = (await response.json()) as DicomJsonObject[];
    expect(study?.["00081190"]?.Value).toEqual([
      expect.stringMatching(/^http:\/\/pacs\.test\/dicom-web\/far\/studies\//),
    ]);
    expect(study).not.toHaveProperty("00080056");
  });

  it("takes its own URLs from the public origin where it has one", async () => {
    const source = new MemorySource();
    source.addFile(join(fixtures, "jpeg-ls/CT1_JLSL.dcm"));
    const face = createDicomweb({ sourceFor: () => source, publicOrigin: "https://pacs.example.org" });
    const [study] = (await (await face(new Request(`${base}/studies`))).json()) as DicomJsonObject[];
    expect(study?.["00081190"]?.Value).toEqual([
      expect.stringMatching(/^https:\/\/pacs\.example\.org\/dicom-web\/studies\//),
    ]);
  });

  it("deletes, and then has it no more", async () => {
    const source = new RichMemorySource();
    source.addFile(join(fixtures, "jpeg-ls/CT1_JLSL.dcm"));
    const face = createDicomweb({ sourceFor: () => source });
    const study = source.instances[0]?.dataSet.string("StudyInstanceUID");
    const remove = (): Promise<Response> =>
      face(new Request(`${base}/studies/${study}`, { method: "DELETE" }));
    expect((await remove()).status).toBe(204);
    expect((await remove()).status).toBe(404);
    const streaming = createDicomweb({ sourceFor: () => new MemorySource() });
    expect((await streaming(new Request(`${base}/studies/1.2`, { method: "DELETE" }))).status).toBe(501);
  });

  it("shows nothing of an error that it did not expect", async () => {
    const source = new MemorySource();
    source.find = () => {
      throw new Error("Doe^John is not in the table");
    };
    const errors: unknown[] = [];
    const face = createDicomweb({ sourceFor: () => source, onError: (error) => errors.push(error) });
    const response = await face(new Request(`${base}/studies`));
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("Doe");
    expect(errors).toHaveLength(1);
  });

  it("streams a long answer, and asks the source whether there is more", async () => {
    const source = new MemorySource();
    const many = 3000;
    source.find = async function* (query) {
      const from = query.offset ?? 0;
      const to = Math.min(many, from + (query.limit ?? many));
      for (let index = from; index < to; index++) {
        yield fromDicomJson({
          "0020000D": { vr: "UI", Value: [`1.${index}`] },
          "00081030": { vr: "LO", Value: ["x".repeat(600)] },
        });
      }
    };
    const face = createDicomweb({ sourceFor: () => source });
    const all = await face(new Request(`${base}/studies`));
    expect(all.headers.get("warning")).toBeNull();
    expect(await all.json()).toHaveLength(many);
    const some = await face(new Request(`${base}/studies?limit=2500`));
    expect(some.headers.get("warning")).toMatch(/additional results/);
    expect(await some.json()).toHaveLength(2500);
  });
});
