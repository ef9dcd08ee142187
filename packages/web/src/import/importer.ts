/** Sends files to the archive in requests of a bearable size, and says what became of each. */
import { dicomweb } from "../api/dicomweb.ts";
import { ApiProblem } from "../api/problem.ts";
import { outcomesOf } from "../api/store-outcome.ts";
import { filesOf, type ImportFile } from "./read-entries.ts";

export type ImportState = "waiting" | "stored" | "warning" | "failed" | "skipped";

export interface ImportRow {
  readonly path: string;
  readonly state: ImportState;
  readonly reason?: string;
}

const requestBytes = 24 * 1024 * 1024;
const requestFiles = 40;

interface Waiting {
  readonly row: number;
  readonly data: Blob;
  readonly sopInstanceUid: string | undefined;
}

/** @param onChange told after each step, with all rows so far */
export async function importFiles(
  given: readonly (File | FileSystemEntry)[],
  onChange: (rows: readonly ImportRow[], isDone: boolean) => void,
  signal: AbortSignal,
  zipBroken: string,
): Promise<void> {
  const rows: ImportRow[] = [];
  let batch: Waiting[] = [];
  let bytes = 0;
  const set = (row: number, state: ImportState, reason?: string): void => {
    const { path = "" } = rows[row] ?? {};
    rows[row] = { path, state, ...(reason === undefined ? {} : { reason }) };
  };
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return;
    const sent = batch;
    batch = [];
    bytes = 0;
    await sendBatch(sent, set, signal);
    onChange([...rows], false);
  };
  const files = filesOf(given, (path) => {
    rows.push({ path, state: "failed", reason: zipBroken });
  });
  for await (const file of files) {
    if (signal.aborted) break;
    const row = rows.push({ path: file.path, state: "waiting" }) - 1;
    const data = await blobOf(file);
    const head = new Uint8Array(await data.slice(0, 2048).arrayBuffer());
    if (!isDicomFile(head) || isDirectory(head)) {
      set(row, "skipped");
      continue;
    }
    batch.push({ row, data, sopInstanceUid: sopInstanceUidOf(head) });
    bytes += data.size;
    if (bytes >= requestBytes || batch.length >= requestFiles) await flush();
    else if (rows.length % 20 === 0) onChange([...rows], false);
  }
  if (!signal.aborted) await flush();
  onChange([...rows], true);
}

async function sendBatch(
  batch: readonly Waiting[],
  set: (row: number, state: ImportState, reason?: string) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    const answer = await dicomweb.store(
      batch.map(({ data }) => data),
      undefined,
      signal,
    );
    const outcomes = new Map(outcomesOf(answer).map((one) => [one.sopInstanceUid, one]));
    const nameless = outcomesOf(answer).filter(
      ({ sopInstanceUid, kind }) => sopInstanceUid === "" && kind === "failed",
    );
    for (const { row, sopInstanceUid } of batch) {
      const outcome = outcomes.get(sopInstanceUid ?? "") ?? nameless.shift();
      if (outcome === undefined) set(row, "failed");
      else set(row, outcome.kind, outcome.words ?? codeOf(outcome.reason));
    }
  } catch (error) {
    const reason = error instanceof ApiProblem ? error.message : String(error);
    for (const { row } of batch) set(row, "failed", reason);
  }
}

const codeOf = (reason: number | undefined): string | undefined =>
  reason === undefined ? undefined : `${reason.toString(16).toUpperCase().padStart(4, "0")}H`;

async function blobOf(file: ImportFile): Promise<Blob> {
  const data = await file.read();
  return data instanceof Blob ? data : new Blob([data as BlobPart]);
}

function isDicomFile(head: Uint8Array): boolean {
  return String.fromCharCode(...head.subarray(128, 132)) === "DICM";
}

/** Media Storage Directory: names files, and is none of them. */
const isDirectory = (head: Uint8Array): boolean => metaUid(head, 0x0002) === "1.2.840.10008.1.3.10";

const sopInstanceUidOf = (head: Uint8Array): string | undefined => metaUid(head, 0x0003);

/** A UID of the file meta information, which is always Explicit VR Little Endian (PS3.10 7.1). */
function metaUid(head: Uint8Array, element: number): string | undefined {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  let at = 132;
  while (at + 8 <= head.byteLength) {
    const [group, number] = [view.getUint16(at, true), view.getUint16(at + 2, true)];
    if (group !== 0x0002) return undefined;
    const vr = String.fromCharCode(head[at + 4] ?? 0, head[at + 5] ?? 0);
    const isLong = ["OB", "UN", "OW", "SQ", "UT"].includes(vr);
    const length = isLong ? view.getUint32(at + 8, true) : view.getUint16(at + 6, true);
    const start = at + (isLong ? 12 : 8);
    if (number === element)
      return new TextDecoder().decode(head.subarray(start, start + length)).replace(/[\0 ]+$/, "");
    at = start + length;
  }
  return undefined;
}
