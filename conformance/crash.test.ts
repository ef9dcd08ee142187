/** `kill -9` in the middle of storing: what was acknowledged is there afterwards, and nothing half-written is seen. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { decodePart10 } from "@isocenter/dicom";
import { type Association, AssociationAbortedError, NetworkError } from "@isocenter/network";
import { connectTcp } from "@isocenter/network/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { demoFolder, freePort, temporaryFolder } from "./support/processes.ts";
import { startIsocenter } from "./support/servers.ts";

const rounds = 20;

interface Sample {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  readonly transferSyntaxUid: string;
  readonly dataSet: Uint8Array;
}

let folder: { path: string; remove(): Promise<void> };
let samples: Sample[];
beforeAll(async () => {
  folder = await temporaryFolder();
  samples = [];
  const entries = await readdir(demoFolder, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (!entry.isFile() || !entry.name.endsWith(".dcm")) continue;
    const bytes = await readFile(join(entry.parentPath, entry.name));
    const { dataSet, dataSetOffset, transferSyntaxUid } = decodePart10(bytes);
    samples.push({
      sopClassUid: dataSet.string("SOPClassUID") ?? "",
      sopInstanceUid: dataSet.string("SOPInstanceUID") ?? "",
      transferSyntaxUid,
      dataSet: bytes.subarray(dataSetOffset),
    });
  }
});
afterAll(() => folder.remove());

describe("kill -9 in the middle of a store", () => {
  it(`${rounds} times at random moments: nothing acknowledged is lost, nothing half-written is visible`, async () => {
    const [port, httpPort] = [await freePort(), await freePort()];
    const data = join(folder.path, "data");
    const acknowledged = new Set<string>();
    let interrupted = 0;
    for (let round = 0; round < rounds; round++) {
      const server = await startIsocenter(data, { port, httpPort });
      await expectWhole(data, server.http, acknowledged);
      const target = { host: "127.0.0.1", port };
      // Most rounds resend what is there as well, so that duplicates are cut off too.
      const todo = samples
        .filter(({ sopInstanceUid }) => round % 3 === 0 || !acknowledged.has(sopInstanceUid))
        .slice(0, 100);
      const delay = Math.random() * 250;
      const killer = new Promise<void>((resolve) => {
        setTimeout(() => void server.stop("SIGKILL").then(resolve), delay);
      });
      if (await storeUntilKilled(target, todo, acknowledged)) interrupted++;
      await killer;
    }
    const last = await startIsocenter(data, { port, httpPort });
    await expectWhole(data, last.http, acknowledged);
    await last.stop();
    expect(acknowledged.size).toBeGreaterThan(0);
    expect(interrupted).toBeGreaterThan(rounds / 2);
  });
});

/** @returns whether the server died while there was still something to send */
async function storeUntilKilled(
  target: { host: string; port: number },
  todo: readonly Sample[],
  acknowledged: Set<string>,
): Promise<boolean> {
  const contexts = new Map(
    todo.map(({ sopClassUid, transferSyntaxUid }) => [
      `${sopClassUid} ${transferSyntaxUid}`,
      { abstractSyntaxUid: sopClassUid, transferSyntaxUids: [transferSyntaxUid] },
    ]),
  );
  let association: Association | undefined;
  try {
    association = await connectTcp(target.host, target.port, {
      callingAeTitle: "CRASH",
      calledAeTitle: "ISOCENTER",
      contexts: [...contexts.values()],
    });
    for (const sample of todo) {
      const { status } = await association.store(sample);
      expect(status.code).toBe(0);
      acknowledged.add(sample.sopInstanceUid);
    }
    await association.release();
    return false;
  } catch (error) {
    expect(error).toBeInstanceOf(NetworkError);
    expect(error).not.toBeInstanceOf(AssociationAbortedError);
    return true;
  }
}

/** Every acknowledged instance is found and whole on disk; everything found or on disk is whole. */
async function expectWhole(data: string, http: string, acknowledged: ReadonlySet<string>): Promise<void> {
  const found = new Set<string>();
  for (const study of await find(http, "STUDY", {})) {
    for (const series of await find(http, "SERIES", study)) {
      const key = {
        StudyInstanceUID: study["StudyInstanceUID"] ?? "",
        SeriesInstanceUID: series["SeriesInstanceUID"] ?? "",
      };
      for (const instance of await find(http, "IMAGE", key)) found.add(instance["SOPInstanceUID"] ?? "");
    }
  }
  const lost = [...acknowledged].filter((uid) => !found.has(uid));
  expect(lost, "acknowledged and not found").toEqual([]);

  const originals = new Map(samples.map((sample) => [sample.sopInstanceUid, sample]));
  const onDisk = new Set<string>();
  const objects = await readdir(join(data, "objects"), { recursive: true, withFileTypes: true });
  for (const entry of objects.filter((one) => one.isFile())) {
    const bytes = await readFile(join(entry.parentPath, entry.name));
    const file = decodePart10(bytes);
    const uid = file.dataSet.string("SOPInstanceUID") ?? "";
    expect(
      Buffer.from(originals.get(uid)?.dataSet ?? []).equals(bytes.subarray(file.dataSetOffset)),
      `${entry.name} is whole`,
    ).toBe(true);
    onDisk.add(uid);
  }
  expect(
    [...found].filter((uid) => !onDisk.has(uid)),
    "found and not on disk",
  ).toEqual([]);
}

async function find(
  http: string,
  level: string,
  key: Readonly<Record<string, string>>,
): Promise<Record<string, string>[]> {
  const response = await fetch(`${http}/api/dicom/find`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ level, criteria: key, limit: 10_000 }),
  });
  expect(response.status).toBe(200);
  const { results } = (await response.json()) as {
    results: { dicom: Record<string, { Value?: string[] }> }[];
  };
  const names = { StudyInstanceUID: "0020000D", SeriesInstanceUID: "0020000E", SOPInstanceUID: "00080018" };
  return results.map(({ dicom }) =>
    Object.fromEntries(
      Object.entries(names).flatMap(([name, tag]) => {
        const value = dicom[tag]?.Value?.[0];
        return value === undefined ? [] : [[name, value]];
      }),
    ),
  );
}
