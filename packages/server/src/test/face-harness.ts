/** What the tests of the face share: sources in memory with fixtures in them, and what is in an answer. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { boundaryOf, readMultipart } from "@isocenter/archive/dicomweb";
import type { DataSet } from "@isocenter/dicom";
import { expect } from "vitest";
import { MemorySource, RichMemorySource } from "./memory-source.ts";

export const fixtures = fileURLToPath(new URL("../../../../fixtures", import.meta.url));
export const base = "http://pacs.test/dicom-web";
export const ecg = "ecg/waveform_ecg.dcm";

export const sources = [
  ["that only streams", (): MemorySource => new MemorySource()],
  ["with random access", (): MemorySource => new RichMemorySource()],
] as const;

export interface ReadPart {
  readonly headers: ReadonlyMap<string, string>;
  readonly bytes: Buffer;
}

export async function partsOf(response: Response): Promise<ReadPart[]> {
  const body = Buffer.from(await response.arrayBuffer());
  async function* once(): AsyncGenerator<Uint8Array> {
    yield body;
  }
  const parts: ReadPart[] = [];
  for await (const part of readMultipart(once(), boundaryOf(response.headers.get("content-type") ?? ""))) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of part.body) chunks.push(chunk);
    parts.push({ headers: part.headers, bytes: Buffer.concat(chunks) });
  }
  return parts;
}

export interface Added {
  readonly dataSet: DataSet;
  readonly bytes: Uint8Array;
  readonly transferSyntaxUid: string;
  /** Of the instance, below the service. */
  readonly url: string;
}

export function addFixture(source: MemorySource, name: string): Added {
  const { dataSet, bytes, transferSyntaxUid } = source.addFile(join(fixtures, name));
  const [study, series, instance] = ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"].map(
    (keyword) => dataSet.string(keyword),
  );
  return {
    dataSet,
    bytes,
    transferSyntaxUid,
    url: `/studies/${study}/series/${series}/instances/${instance}`,
  };
}

export async function problemIn(response: Response): Promise<Record<string, unknown>> {
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  return (await response.json()) as Record<string, unknown>;
}
