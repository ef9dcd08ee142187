/**
 * The gateway as a viewer uses it: OHIF's requests (studies, series, metadata, frames) through DICOMweb, at archives that
 * have only DIMSE. Measured: when the first frame is there, and the whole, against retrieving everything first.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { boundaryOf, readMultipart } from "@isocenter/archive/dicomweb";
import { transcode } from "@isocenter/codecs";
import {
  type DataSet,
  type DicomJsonObject,
  decodePart10,
  encodePart10,
  framesOf,
  TransferSyntax,
} from "@isocenter/dicom";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dicomFiles } from "./support/cli-peers.ts";
import {
  demoFolder,
  freePort,
  hasProgram,
  isocenterBin,
  run,
  type Running,
  start,
  waitFor,
} from "./support/processes.ts";
import { type DicomServer, nodelay, orthancWith, startDcmqrscp, startOrthanc } from "./support/servers.ts";

/** A study of several CT series: the demo hospital's slices, each a few times over under UIDs of its own. */
const seriesCount = 6;
const slicesPerSeries = 40;

let folder: string;
let studyFolder: string;
const slices = new Map<string, DataSet>();
const explicit = TransferSyntax.ExplicitVRLittleEndian;
const study = "2.25.3000";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "isocenter-gateway-"));
  studyFolder = join(folder, "study");
  await mkdir(studyFolder);
  const plain: DataSet[] = [];
  for (const path of await dicomFiles(join(demoFolder, "DEMO-0002"))) {
    const { dataSet, transferSyntaxUid } = decodePart10(await readFile(path));
    if (dataSet.string("Modality") === "CT")
      plain.push(await transcode(dataSet, transferSyntaxUid, explicit));
    if (plain.length === 20) break;
  }
  for (let series = 1; series <= seriesCount; series++) {
    for (let number = 1; number <= slicesPerSeries; number++) {
      const uid = `${study}.${series}.${number}`;
      const from = plain[number % plain.length];
      if (from === undefined) throw new Error("the demo hospital has no CT");
      const dataSet = from
        .with("StudyInstanceUID", study)
        .with("SeriesInstanceUID", `${study}.${series}`)
        .with("SOPInstanceUID", uid)
        .with("SeriesNumber", String(series))
        .with("InstanceNumber", String(number))
        .with("PatientID", "GATEWAY")
        .with("PatientName", "Gate^Way");
      await writeFile(
        join(studyFolder, `${series}-${number}.dcm`),
        encodePart10({ dataSet, transferSyntaxUid: explicit }),
      );
      slices.set(uid, dataSet);
    }
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Archive = "dcmqrscp" | "Orthanc";

async function startArchive(kind: Archive, gatewayPort: number): Promise<DicomServer> {
  const own = join(folder, kind);
  await mkdir(own, { recursive: true });
  const destinations = [{ aeTitle: "GATEWAY", port: gatewayPort }];
  const archive = await (kind === "Orthanc"
    ? startOrthanc(own, orthancWith(destinations))
    : startDcmqrscp(own, nodelay, destinations, []));
  const sent = await run(
    "storescu",
    ["-aec", archive.aeTitle, "+sd", "127.0.0.1", String(archive.port), studyFolder],
    {
      TCP_NODELAY: "1",
    },
  );
  expect(sent.code, sent.stderr).toBe(0);
  return archive;
}

interface Gateway extends Running {
  readonly root: string;
}

async function startGateway(archive: DicomServer, dicomPort: number, settings: object): Promise<Gateway> {
  const own = await mkdtemp(join(folder, "gateway-"));
  const httpPort = await freePort();
  const config = join(own, "isocenter.json");
  await writeFile(
    config,
    JSON.stringify({
      aeTitle: "GATEWAY",
      data: "data",
      http: `127.0.0.1:${httpPort}`,
      dicom: `127.0.0.1:${dicomPort}`,
      peers: { pacs: { host: "127.0.0.1", port: archive.port, aeTitle: archive.aeTitle, ...settings } },
    }),
  );
  const server = start(process.execPath, [isocenterBin, "serve", "--config", config]);
  await waitFor("isocenter serve", async () => (await fetch(`http://127.0.0.1:${httpPort}/readyz`)).ok).catch(
    (error: unknown) => {
      throw new Error(`${String(error)}\n${server.output()}`);
    },
  );
  return { ...server, root: `http://127.0.0.1:${httpPort}/dicom-web/pacs` };
}

function value(json: DicomJsonObject | undefined, tag: string): string {
  const given = json?.[tag]?.Value?.[0];
  if (typeof given !== "string") throw new Error(`${tag} holds no text`);
  return given;
}

async function jsonOf(url: string): Promise<DicomJsonObject[]> {
  const response = await fetch(url, { headers: { accept: "application/dicom+json" } });
  expect(response.status, url).toBe(200);
  return (await response.json()) as DicomJsonObject[];
}

async function frameOf(url: string): Promise<Buffer> {
  const response = await fetch(`${url}/frames/1`, {
    headers: { accept: 'multipart/related; type="application/octet-stream"; transfer-syntax=*' },
  });
  expect(response.status, url).toBe(200);
  const chunks: Uint8Array[] = [];
  const boundary = boundaryOf(response.headers.get("content-type") ?? "");
  for await (const { body } of readMultipart(response.body as never, boundary))
    for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What a viewer does, and how long until the first picture can be drawn and until all are there. */
async function viewed(root: string): Promise<{ first: number; total: number }> {
  const begun = performance.now();
  const studies = await jsonOf(`${root}/studies?PatientID=GATEWAY&includefield=00081030&limit=101`);
  expect(studies.map((one) => value(one, "0020000D"))).toEqual([study]);
  const series = await jsonOf(`${root}/studies/${study}/series?includefield=0008103E`);
  expect(series).toHaveLength(seriesCount);
  let first = 0;
  const load = async (uid: string): Promise<void> => {
    const path = `${root}/studies/${study}/series/${uid}`;
    const metadata = await jsonOf(`${path}/metadata`);
    expect(metadata).toHaveLength(slicesPerSeries);
    for (const one of metadata) {
      const sop = value(one, "00080018");
      const frame = await frameOf(`${path}/instances/${sop}`);
      const slice = slices.get(sop);
      const bytes = await framesOf(slice!, explicit).bytes(0);
      // As it was made, whichever way it went.
      if (!frame.equals(Buffer.from(bytes))) throw new Error(`${sop} came otherwise than it was sent`);
      if (first === 0) first = performance.now() - begun;
    }
  };
  const uids = series.map((one) => value(one, "0020000E"));
  // Two at a time, as OHIF's requests go.
  const next = async (): Promise<void> => {
    for (let uid = uids.shift(); uid !== undefined; uid = uids.shift()) await load(uid);
  };
  await Promise.all([next(), next()]);
  return { first, total: performance.now() - begun };
}

/** Everything into the archive, and then the same from there. */
async function afterRetrieving(gateway: Gateway): Promise<{ first: number; total: number }> {
  const begun = performance.now();
  const http = gateway.root.replace("/dicom-web/pacs", "");
  const response = await fetch(`${http}/api/dicom/get`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ peer: "pacs", studyInstanceUID: study }),
  });
  expect(await response.text()).toContain('"status":"success"');
  const retrieved = performance.now() - begun;
  const { first, total } = await viewed(`${http}/dicom-web`);
  return { first: retrieved + first, total: retrieved + total };
}

for (const kind of ["dcmqrscp", "Orthanc"] as const) {
  describe.skipIf(!hasProgram(kind))(`a viewer through the gateway, at ${kind}, which has only DIMSE`, () => {
    let archive: DicomServer;
    let dicomPort: number;
    const gateways: Gateway[] = [];
    const gateway = async (settings: object): Promise<Gateway> => {
      // One at a time: the archive knows one port for it.
      for (const one of gateways.splice(0)) await one.stop();
      const started = await startGateway(archive, dicomPort, settings);
      gateways.push(started);
      return started;
    };
    beforeAll(async () => {
      dicomPort = await freePort();
      archive = await startArchive(kind, dicomPort);
    });
    afterAll(async () => {
      for (const one of gateways) await one.stop();
      await archive?.stop();
    });

    it("has its first picture long before everything has been retrieved, and all of it as it was made", async () => {
      const streaming = await viewed((await gateway({ retrieve: "get", parallel: 2 })).root);
      const waiting = await afterRetrieving(await gateway({ retrieve: "get" }));
      process.stdout.write(
        `gateway at ${kind}, ${seriesCount} series of ${slicesPerSeries}: first frame ${Math.round(streaming.first)} ms, all ${Math.round(streaming.total)} ms; retrieving everything first: ${Math.round(waiting.first)} ms and ${Math.round(waiting.total)} ms\n`,
      );
      expect(streaming.first).toBeLessThan(waiting.first);
    });

    it("has a picture of the middle slice by retrieving that one alone", async () => {
      const { root } = await gateway({ retrieve: "get" });
      const begun = performance.now();
      const picture = await fetch(`${root}/studies/${study}/series/${study}.3/thumbnail`, {
        headers: { accept: "image/jpeg" },
      });
      expect(picture.status).toBe(200);
      expect((await picture.arrayBuffer()).byteLength).toBeGreaterThan(500);
      process.stdout.write(
        `thumbnail through the gateway at ${kind}: ${Math.round(performance.now() - begun)} ms\n`,
      );
      const figures = await (await fetch(`${root.replace("/dicom-web/pacs", "")}/metrics`)).text();
      expect(figures).toContain(
        'isocenter_dimse_operations_total{direction="incoming",operation="C-STORE",status="success"} 1',
      );
    });

    it("comes by C-MOVE as well, over any number of associations, and is kept where a cache is set", async () => {
      const moving = await gateway({ retrieve: "move", parallel: 2, cache: true });
      const { first, total } = await viewed(moving.root);
      const again = await viewed(moving.root);
      process.stdout.write(
        `gateway at ${kind} by C-MOVE into a cache: first frame ${Math.round(first)} ms, all ${Math.round(total)} ms; again ${Math.round(again.first)} and ${Math.round(again.total)} ms\n`,
      );
      const http = moving.root.replace("/dicom-web/pacs", "");
      const kept = await jsonOf(`${http}/dicom-web/studies/${study}/instances?limit=1000`);
      expect(kept).toHaveLength(seriesCount * slicesPerSeries);
    });

    it("tells a viewer what is wrong when the archive goes away", async () => {
      const { root } = await gateway({ retrieve: "get" });
      await archive.stop();
      const response = await fetch(`${root}/studies`, { headers: { accept: "application/dicom+json" } });
      expect(response.status).toBe(502);
      expect(await response.json()).toMatchObject({ code: "connection-refused" });
    });
  });
}
