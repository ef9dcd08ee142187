/** A running server as its administrator sees it: figures, health, logs without patient data, logins, stopping. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Writable } from "node:stream";
import { instanceFromFile } from "@isocenter/archive";
import { DataSet, encodeDataSet, TransferSyntax } from "@isocenter/dicom";
import { PatientRootFind, StudyRootFind, Verification } from "@isocenter/network";
import { connectTcp, listenTcp } from "@isocenter/network/node";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { LoginFailures } from "../http/guards.ts";
import { deferred, demoFiles, eventually, linesOf, loadFiles, post, testServer } from "../test/servers.ts";
import { safeError } from "./safe-log.ts";

const marker = "ZZPHIMARKER";

function collected(): { readonly text: () => string; readonly stream: Writable } {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _, done) {
      chunks.push(chunk.toString());
      done();
    },
  });
  return { text: () => chunks.join(""), stream };
}

const explicit = TransferSyntax.ExplicitVRLittleEndian;
const secondaryCapture = "1.2.840.10008.5.1.4.1.1.7";

describe("logs, figures and audit trail", () => {
  it("hold no patient data at any level, whatever a peer, a file or a client sends", async () => {
    const log = collected();
    const logger = pino({ level: "trace" }, log.stream);
    await using server = await testServer({ aeTitle: "SAFE" }, { logger });
    // A peer that puts patient data where none belongs.
    await using hostile = await listenTcp(0, {
      services: {
        verification: true,
        query: {
          models: [StudyRootFind, PatientRootFind],
          // oxlint-disable-next-line require-yield -- it fails
          async *onFind() {
            throw new Error(`${marker} not found`);
          },
        },
      },
    });
    const peer = { host: "127.0.0.1", port: hostile.port, calledAE: "X", callingAE: "SAFE" };
    const found = await post(`${server.http}/api/dicom/find`, { ...peer, criteria: { patientName: marker } });
    // The user who asked sees it.
    expect(await found.text()).toContain(marker);
    await post(`${server.http}/api/dicom/get`, { ...peer, studyInstanceUID: "1.2.3" });
    await post(`${server.http}/api/dicom/get?async=1`, { ...peer, studyInstanceUID: "1.2.3" });
    await post(`${server.http}/api/dicom/find`, { level: "STUDY", criteria: { patientName: marker } });
    await post(`${server.http}/api/dicom/find`, { level: marker });
    await post(`${server.http}/api/dicom/find`, { criteria: { [marker]: "x" } });
    for (const path of [
      `/api/${marker}`,
      `/api/jobs/${marker}`,
      `/dicom-web/${marker}/studies`,
      `/dicom-web/studies?PatientName=${marker}`,
      `/dicom-web/studies?${marker}=1`,
      `/dicom-web/studies/${marker}/series/1/metadata`,
      `/dicom-web/wado?requestType=WADO&studyUID=1&seriesUID=1&objectUID=1&x=${marker}`,
    ])
      await (await fetch(`${server.http}${path}`)).text();
    const stow = await fetch(`${server.http}/dicom-web/studies`, {
      method: "POST",
      headers: { "content-type": `multipart/related; type="application/dicom"; boundary=${marker}` },
      body: `--${marker}\r\nContent-Type: application/dicom\r\n\r\n${marker}\r\n--${marker}--\r\n`,
    });
    expect(stow.status).toBeGreaterThanOrEqual(400);
    // Instances: one that is filed, the same UID with another content, and one that cannot be filed.
    const instance = (fields: Record<string, string>) => ({
      sopClassUid: secondaryCapture,
      sopInstanceUid: "1.2.3.4",
      transferSyntaxUid: explicit,
      dataSet: encodeDataSet(
        DataSet.of({
          SOPClassUID: secondaryCapture,
          SOPInstanceUID: "1.2.3.4",
          PatientName: marker,
          PatientID: marker,
          ...fields,
        }),
        explicit,
      ),
    });
    const contexts = [
      { abstractSyntaxUid: secondaryCapture, transferSyntaxUids: [explicit] },
      { abstractSyntaxUid: Verification.sopClassUid, transferSyntaxUids: [explicit] },
      { abstractSyntaxUid: StudyRootFind.sopClassUid, transferSyntaxUids: [explicit] },
    ];
    const association = await connectTcp("127.0.0.1", server.server.dicom.port, {
      callingAeTitle: "MODALITY",
      calledAeTitle: "SAFE",
      contexts,
    });
    const uids = { StudyInstanceUID: "1.2.3.1", SeriesInstanceUID: "1.2.3.2" };
    expect((await association.store(instance(uids))).status.code).toBe(0);
    expect((await association.store(instance({ ...uids, PatientComments: marker }))).status.code).toBe(
      0xb000,
    );
    await expect(association.store(instance({ StudyInstanceUID: "1.2.3.1" }))).rejects.toThrow(/C-STORE/);
    await association.release();
    await eventually(
      () => log.text(),
      (text) => text.includes("a job ended"),
    );
    const figures = await (await fetch(`${server.http}/metrics`)).text();
    await server.server.close();
    const trail = await readFile(join(server.folder, "audit.jsonl"), "utf8");
    // There is something in each to be looked through.
    expect(log.text().split("\n").length).toBeGreaterThan(8);
    expect(trail).toContain('"user":"MODALITY"');
    expect(trail).toContain("1.2.3.4");
    for (const [name, text] of Object.entries({ log: log.text(), figures, trail })) {
      expect(text.toUpperCase().includes(marker), name).toBe(false);
    }
  });

  it("of an error they tell codes and places", () => {
    const error = Object.assign(new Error(`${marker} is ill`, { cause: new TypeError(`${marker} too`) }), {
      code: "E1",
    });
    const told = safeError(error);
    expect(told).toMatchObject({ type: "Error", code: "E1", cause: { type: "TypeError" } });
    expect(told.at?.length).toBeGreaterThan(0);
    expect(JSON.stringify(told)).not.toContain(marker);
    expect(
      JSON.stringify(
        safeError(Object.assign(new Error("x"), { stack: `Error: a\n    at ${marker} ^ (b:1:2)` })),
      ),
    ).not.toContain(marker);
    expect(safeError(marker)).toEqual({ type: "string" });
  });

  it("figures count what happens", async () => {
    await using server = await testServer({ aeTitle: "COUNTED" });
    const count = await loadFiles(server, (await demoFiles("DEMO-0001")).slice(0, 2));
    const self = { host: "127.0.0.1", port: server.server.dicom.port, callingAE: "A", calledAE: "COUNTED" };
    await post(`${server.http}/api/dicom/echo`, self);
    await post(`${server.http}/api/dicom/echo`, { ...self, calledAE: "WRONG" });
    const figures = await (await fetch(`${server.http}/metrics`)).text();
    for (const line of [
      'isocenter_dimse_operations_total{direction="incoming",operation="C-ECHO",status="success"} 1',
      'isocenter_dimse_operations_total{direction="outgoing",operation="C-ECHO",status="success"} 1',
      'isocenter_associations_total{direction="incoming",outcome="released"} 1',
      'isocenter_associations_total{direction="outgoing",outcome="rejected"} 1',
      'isocenter_associations_open{direction="incoming"} 0',
      `isocenter_archive_held{level="instances"} ${count}`,
      'isocenter_http_request_duration_seconds_count{method="POST",route="/api/dicom/echo",status="502"} 1',
      "isocenter_jobs_running 0",
    ])
      expect(figures).toContain(line);
    expect(figures).toMatch(/isocenter_archive_stored_bytes [1-9]/);
    expect(figures).toContain("isocenter_process_resident_memory_bytes");
  });
});

describe("health and logins", () => {
  it("is ready while its archive answers, and asks for the token before it tells figures", async () => {
    await using server = await testServer({ token: "secret" });
    expect(await (await fetch(`${server.http}/readyz`)).json()).toEqual({ status: "ready" });
    expect((await fetch(`${server.http}/metrics`)).status).toBe(401);
    const headers = { authorization: "Bearer secret" };
    expect((await fetch(`${server.http}/metrics`, { headers })).status).toBe(200);
  });

  it("whoever guesses has to wait; the right token of others does not", async () => {
    await using server = await testServer({ token: "secret" });
    const ask = (token: string) =>
      fetch(`${server.http}/api/about`, { headers: { authorization: `Bearer ${token}` } });
    for (let index = 0; index < 10; index++) expect((await ask(`guess ${index}`)).status).toBe(401);
    const refused = await ask("secret");
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ code: "too-many-logins" });
    const failures = new LoginFailures(2, 1000);
    failures.note("a", 0);
    failures.note("a", 10);
    expect([failures.waitMs("a", 20), failures.waitMs("b", 20), failures.waitMs("a", 1000)]).toEqual([
      980, 0, 0,
    ]);
  });
});

describe("stopping", () => {
  it("takes nothing new, finishes what runs, and tells that it stops", async () => {
    const server = await testServer({ aeTitle: "STOPS", drainSeconds: 20 });
    const [file = ""] = await demoFiles("DEMO-0001");
    const source = await instanceFromFile(file);
    const goOn = deferred();
    const begun = deferred();
    const association = await connectTcp("127.0.0.1", server.server.dicom.port, {
      callingAeTitle: "SLOW",
      calledAeTitle: "STOPS",
      contexts: [{ abstractSyntaxUid: source.sopClassUid, transferSyntaxUids: [source.transferSyntaxUid] }],
    });
    const storing = association.store({
      ...source,
      dataSet: async function* () {
        let isFirst = true;
        for await (const chunk of source.dataSet()) {
          if (isFirst) {
            yield chunk.subarray(0, 100);
            begun.resolve();
            await goOn.promise;
            yield chunk.subarray(100);
          } else yield chunk;
          isFirst = false;
        }
      },
    });
    await begun.promise;
    const closing = server.server.close();
    await eventually(
      async () => {
        try {
          return (await fetch(`${server.http}/healthz`)).status;
        } catch {
          return "gone";
        }
      },
      (status) => status === "gone",
    );
    goOn.resolve();
    expect((await storing).status.code).toBe(0);
    await association.release();
    await closing;
    const again = await testServer({ ...server.config });
    expect((await again.server.archive.counts()).instances).toBe(1);
    await again[Symbol.asyncDispose]();
  });

  it("what does not end within the drain time is cut off, and a job is told as cancelled", async () => {
    const asked = deferred();
    await using slow = await listenTcp(0, {
      services: {
        query: {
          models: [StudyRootFind],
          // oxlint-disable-next-line require-yield -- it never answers
          async *onFind(_, { signal }) {
            asked.resolve();
            await new Promise<void>((resolve) => {
              signal.addEventListener("abort", () => resolve());
            });
          },
        },
      },
    });
    const server = await testServer({ drainSeconds: 0.05 });
    const peer = {
      host: "127.0.0.1",
      port: slow.port,
      calledAE: "X",
      callingAE: "Y",
      studyInstanceUID: "1.2",
    };
    const begun = await post(`${server.http}/api/dicom/get?async=1`, peer);
    const { id } = (await begun.json()) as { id: string };
    await asked.promise;
    const again = await server.restart();
    expect(await (await fetch(`${again.http}/api/jobs/${id}`)).json()).toMatchObject({ state: "cancelled" });
    await again[Symbol.asyncDispose]();
  });

  it("the answer to a request that is under way has its problem line when the peer goes away", async () => {
    await using server = await testServer();
    const gone = await listenTcp(0, {
      services: {
        query: {
          models: [StudyRootFind],
          async *onFind() {
            yield DataSet.of({ NumberOfStudyRelatedInstances: "5" });
          },
        },
      },
    });
    const peer = {
      host: "127.0.0.1",
      port: gone.port,
      calledAE: "X",
      callingAE: "Y",
      studyInstanceUID: "1.2",
    };
    const lines = await linesOf(await post(`${server.http}/api/dicom/get`, peer));
    expect(lines[0]).toMatchObject({ remaining: 5 });
    expect(lines.at(-1)).toMatchObject({ problem: { code: "no-accepted-context" } });
    await gone.close();
  });
});
