/** The gateway in both directions: DICOMweb over a DICOM peer, and DICOM over a DICOMweb peer. */
import {
  DimsePeer,
  type ImageSource,
  instanceFromFile,
  type InstanceStream,
  type Selection,
} from "@isocenter/archive";
import { DataSet, decodeDataSet, encodeDataSet, TransferSyntax } from "@isocenter/dicom";
import { StudyRootFind } from "@isocenter/network";
import { connectTcp, listenTcp } from "@isocenter/network/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PeerConfig } from "../config/config.ts";
import { deferred, demoFiles, eventually, loadFiles, type TestServer, testServer } from "../test/servers.ts";
import { withFallback } from "./character-set.ts";
import { GatewaySource } from "./gateway-source.ts";
import { inParallel } from "./in-parallel.ts";
import { Shelf } from "./shelf.ts";

type Json = Record<string, { Value?: unknown[] }>;

let far: TestServer;
let files: string[];
beforeAll(async () => {
  far = await testServer({ aeTitle: "FAR" });
  files = await demoFiles("DEMO-0001");
  await loadFiles(far, files);
});
afterAll(() => far[Symbol.asyncDispose]());

const dimsePeer = (more: Partial<PeerConfig> = {}): PeerConfig => ({
  id: "pacs",
  name: "PACS",
  host: "127.0.0.1",
  port: far.server.dicom.port,
  callingAE: "GW",
  calledAE: "FAR",
  ...more,
});

async function get(url: string, accept = "application/dicom+json"): Promise<Response> {
  const response = await fetch(url, { headers: { accept } });
  expect(response.status, `${url} ${response.ok ? "" : await response.clone().text()}`).toBe(200);
  return response;
}
const jsonOf = async (url: string): Promise<Json[]> => (await (await get(url)).json()) as Json[];
const value = (json: Json | undefined, tag: string): string => String(json?.[tag]?.Value?.[0]);
const anyFrame = 'multipart/related; type="application/octet-stream"; transfer-syntax=*';

describe("DICOMweb over a DICOM peer", () => {
  it("gives what the peer's own DICOMweb gives: metadata and frames, over any number of associations", async () => {
    await using server = await testServer({ peers: [dimsePeer({ parallel: 3 })] });
    const root = `${server.http}/dicom-web/pacs`;
    const [study] = await jsonOf(`${root}/studies`);
    const uid = value(study, "0020000D");
    const there = await jsonOf(`${far.http}/dicom-web/studies/${uid}/metadata`);
    const here = await jsonOf(`${root}/studies/${uid}/metadata`);
    const bySop = (all: Json[]): Map<string, Json> =>
      new Map(all.map((one) => [value(one, "00080018"), one]));
    const withoutUris = (json: Json | undefined): unknown =>
      JSON.parse(JSON.stringify(json).replaceAll(/"BulkDataURI":"[^"]*"/g, '"BulkDataURI":""'));
    expect(bySop(here).size).toBe(files.length);
    for (const [sop, json] of bySop(there))
      expect(withoutUris(bySop(here).get(sop))).toEqual(withoutUris(json));
    const [first] = here;
    const frame = (base: string): Promise<Response> =>
      get(
        `${base}/studies/${uid}/series/${value(first, "0020000E")}/instances/${value(first, "00080018")}/frames/1`,
        "application/octet-stream; transfer-syntax=*",
      );
    const [ours, theirs] = await Promise.all([frame(root), frame(`${far.http}/dicom-web`)]);
    expect(Buffer.from(await ours.arrayBuffer()).equals(Buffer.from(await theirs.arrayBuffer()))).toBe(true);
    const whole = await get(
      `${root}/studies/${uid}`,
      'multipart/related; type="application/dicom"; transfer-syntax=*',
    );
    const parts = Buffer.from(await whole.arrayBuffer())
      .toString("latin1")
      .match(/\r\nContent-Type: application\/dicom/g);
    expect(parts).toHaveLength(files.length);
  });

  it("retrieves a series once for its metadata and all of its frames", async () => {
    await using server = await testServer({ peers: [dimsePeer()] });
    const root = `${server.http}/dicom-web/pacs`;
    const [study] = await jsonOf(`${root}/studies`);
    const uid = value(study, "0020000D");
    const [series] = await jsonOf(`${root}/studies/${uid}/series`);
    const path = `${root}/studies/${uid}/series/${value(series, "0020000E")}`;
    const all = await jsonOf(`${path}/metadata`);
    const before = await associationsOf(server);
    for (const one of all)
      await (await get(`${path}/instances/${value(one, "00080018")}/frames/1`, anyFrame)).arrayBuffer();
    await jsonOf(`${path}/metadata`);
    expect(await associationsOf(server)).toBe(before);
  });

  it("keeps in the archive what it retrieves, and answers from there what is complete", async () => {
    await using server = await testServer({ peers: [dimsePeer({ cache: true })] });
    const root = `${server.http}/dicom-web/pacs`;
    const [study] = await jsonOf(`${root}/studies`);
    const uid = value(study, "0020000D");
    await (
      await get(`${root}/studies/${uid}`, 'multipart/related; type="application/dicom"; transfer-syntax=*')
    ).arrayBuffer();
    await eventually(
      () => server.server.archive.counts(),
      ({ instances }) => instances === files.length,
    );
    // The peer is asked what there is, and for nothing else.
    const retrievals = async (): Promise<number> => {
      const figures = await (await fetch(`${server.http}/metrics`)).text();
      return Number(/operation="C-GET",status="success"} (\d+)/.exec(figures)?.[1] ?? 0);
    };
    const before = await retrievals();
    expect(before).toBeGreaterThan(0);
    expect(await jsonOf(`${root}/studies/${uid}/metadata`)).toHaveLength(files.length);
    expect((await jsonOf(`${server.http}/dicom-web/studies/${uid}/metadata`)).length).toBe(files.length);
    await (await get(`${root}/studies/${uid}/rendered`, "image/jpeg")).arrayBuffer();
    expect(await retrievals()).toBe(before);
  });

  it("a frame leaves while its series is still arriving", async () => {
    const instances = await Promise.all(files.slice(0, 3).map((file) => instanceFromFile(file)));
    const goOn = deferred();
    const series = { studyInstanceUid: "1.2", seriesInstanceUid: "1.2.3" };
    const asked: Selection[] = [];
    const slow: ImageSource = {
      capabilities: () => ({ kind: "dimse", find: true, retrieve: true, store: true, levels: [] }),
      async *find() {},
      async *retrieve(selection): AsyncGenerator<InstanceStream> {
        asked.push(selection);
        if (selection.sopInstanceUid !== undefined) throw new Error("not by itself");
        yield* instances.slice(0, 2);
        await goOn.promise;
        yield* instances.slice(2);
      },
      async *store() {},
    };
    const source = new GatewaySource({ peer: "p", source: slow, shelf: new Shelf(1 << 28) });
    const told: string[] = [];
    const metadata = (async () => {
      for await (const json of source.metadata(series)) told.push(json);
    })();
    const key = (index: number) => ({ ...series, sopInstanceUid: instances[index]?.sopInstanceUid ?? "" });
    await eventually(
      () => told.length,
      (count) => count === 2,
    );
    // The second is here, the third is not, and the retrieval has not ended.
    expect((await source.open(key(1))).size).toBeGreaterThan(0);
    const third = source.open(key(2));
    goOn.resolve();
    expect((await third).sopInstanceUid).toBe(instances[2]?.sopInstanceUid);
    await metadata;
    expect(told).toHaveLength(3);
    expect(asked.filter(({ sopInstanceUid }) => sopInstanceUid === undefined)).toHaveLength(1);
  });

  it("an error of the peer in the middle of a series is an error, and the next request tries anew", async () => {
    const [one] = await Promise.all(files.slice(0, 1).map((file) => instanceFromFile(file)));
    let isBroken = true;
    const source = new GatewaySource({
      peer: "p",
      shelf: new Shelf(1 << 28),
      source: {
        capabilities: () => ({ kind: "dimse", find: true, retrieve: true, store: true, levels: [] }),
        async *find() {},
        async *retrieve(): AsyncGenerator<InstanceStream> {
          if (one !== undefined) yield one;
          if (isBroken) throw new Error("gone");
        },
        async *store() {},
      },
    });
    const all = async (): Promise<number> => {
      let count = 0;
      for await (const _ of source.metadata({ studyInstanceUid: "1", seriesInstanceUid: "2" })) count++;
      return count;
    };
    await expect(all()).rejects.toThrow("gone");
    isBroken = false;
    expect(await all()).toBe(1);
  });

  it("shares series out among associations, and an error of one ends the others", async () => {
    let open = 0;
    let most = 0;
    const source = {
      async *retrieve({ seriesInstanceUid = "" }: Selection): AsyncGenerator<InstanceStream> {
        most = Math.max(most, ++open);
        try {
          for (let index = 0; index < 3; index++) {
            if (seriesInstanceUid === "bad" && index === 1) throw new Error("bad");
            yield { sopInstanceUid: `${seriesInstanceUid}.${index}` } as InstanceStream;
          }
        } finally {
          open--;
        }
      },
    };
    const of = (...series: string[]) =>
      series.map((seriesInstanceUid) => ({ studyInstanceUid: "1", seriesInstanceUid }));
    const uids: string[] = [];
    for await (const { sopInstanceUid } of inParallel(source, of("a", "b", "c", "d"), 2, {}))
      uids.push(sopInstanceUid);
    expect(uids.sort()).toEqual(
      ["a", "b", "c", "d"].flatMap((one) => [0, 1, 2].map((index) => `${one}.${index}`)),
    );
    expect([most, open]).toEqual([2, 0]);
    const failing = async (): Promise<void> => {
      for await (const _ of inParallel(source, of("a", "bad", "c"), 3, {})) continue;
    };
    await expect(failing()).rejects.toThrow("bad");
    expect(open).toBe(0);
  });

  it("reads text that names no character set as the peer's own", async () => {
    await using pacs = await listenTcp(0, {
      services: {
        query: {
          models: [StudyRootFind],
          async *onFind() {
            const text = "Müller^Jürg";
            const named = DataSet.of({
              SpecificCharacterSet: "ISO_IR 100",
              PatientName: text,
              StudyInstanceUID: "1.2.3",
            });
            // Bytes in Latin-1, and nothing that says so: without (0008,0005), which is the first element.
            const bytes = encodeDataSet(named, TransferSyntax.ExplicitVRLittleEndian);
            const length = 8 + (bytes[6] ?? 0);
            yield decodeDataSet(bytes.subarray(length), TransferSyntax.ExplicitVRLittleEndian);
          },
        },
      },
    });
    const { port } = pacs;
    await using server = await testServer({
      peers: [dimsePeer({ port, characterSet: "ISO_IR 100" }), dimsePeer({ port, id: "plain" })],
    });
    const nameAt = async (peer: string): Promise<unknown> =>
      (await jsonOf(`${server.http}/dicom-web/${peer}/studies`))[0]?.["00100010"]?.Value?.[0];
    expect(await nameAt("pacs")).toEqual({ Alphabetic: "Müller^Jürg" });
    expect(await nameAt("plain")).not.toEqual({ Alphabetic: "Müller^Jürg" });
    // What does name one keeps it.
    const utf8 = DataSet.of({ SpecificCharacterSet: "ISO_IR 192", PatientName: "Müller" });
    expect(withFallback(utf8, "ISO_IR 100")).toBe(utf8);
  });
});

describe("DICOM over a DICOMweb peer", () => {
  it("C-ECHO, C-FIND, C-GET, C-MOVE and C-STORE on its AE title go to the service", async () => {
    await using target = await testServer({ aeTitle: "TARGET" });
    await using server = await testServer({
      aeTitle: "GW",
      webPeers: [{ id: "cloud", name: "Cloud", url: `${far.http}/dicom-web` }],
      peers: [{ ...dimsePeer(), id: "target", port: target.server.dicom.port, calledAE: "TARGET" }],
      aeTitles: [{ aeTitle: "CLOUD", peer: "cloud" }],
    });
    const { port } = server.server.dicom;
    const address = { host: "127.0.0.1", port, callingAeTitle: "MODALITY", calledAeTitle: "CLOUD" };
    const peer = new DimsePeer(address);
    const own = new DimsePeer({ ...address, calledAeTitle: "GW" });
    const keys = DataSet.of({ StudyInstanceUID: "", PatientName: "" });
    const studies: DataSet[] = [];
    for await (const match of peer.find({ level: "STUDY", keys })) studies.push(match);
    expect(studies).toHaveLength(1);
    for await (const match of own.find({ level: "STUDY", keys })) expect(match).toBeUndefined();
    const studyInstanceUid = studies[0]?.string("StudyInstanceUID") ?? "";
    let count = 0;
    for await (const instance of peer.retrieve({ studyInstanceUid })) {
      for await (const _ of instance.dataSet()) continue;
      count++;
    }
    expect(count).toBe(files.length);

    const moved = await fetch(`${server.http}/api/dicom/move`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        host: "127.0.0.1",
        port,
        callingAE: "X",
        calledAE: "CLOUD",
        studyInstanceUID: studyInstanceUid,
        destination: "TARGET",
      }),
    });
    expect(await moved.text()).toContain('"status":"success"');
    expect((await target.server.archive.counts()).instances).toBe(files.length);

    const [other = ""] = await demoFiles("DEMO-0002");
    for await (const outcome of peer.store([await instanceFromFile(other)]))
      expect(outcome.kind).toBe("stored");
    expect((await far.server.archive.counts()).instances).toBe(files.length + 1);
    expect((await server.server.archive.counts()).instances).toBe(0);

    await expect(
      connectTcp("127.0.0.1", port, {
        callingAeTitle: "X",
        calledAeTitle: "OTHER",
        contexts: [{ abstractSyntaxUid: "1.2.840.10008.1.1", transferSyntaxUids: ["1.2.840.10008.1.2"] }],
      }),
    ).rejects.toMatchObject({ reason: "called-AE-title-not-recognized" });
  });

  it("an AE title must have a peer, and be nobody else's", async () => {
    await expect(testServer({ aeTitles: [{ aeTitle: "A", peer: "none" }] })).rejects.toThrow(
      /no peer "none"/,
    );
    const own = { aeTitle: "GW", peers: [dimsePeer()], aeTitles: [{ aeTitle: "GW", peer: "pacs" }] };
    await expect(testServer(own)).rejects.toThrow(/used already/);
  });
});

async function associationsOf({ http }: TestServer): Promise<number> {
  const { associations } = (await (await fetch(`${http}/api/associations`)).json()) as {
    associations: unknown[];
  };
  return associations.length;
}
