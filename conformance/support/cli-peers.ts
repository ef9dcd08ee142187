/** Peers of the command line's suites: our own listeners as a user starts them, and others that know where to send. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { decodePart10 } from "@isocenter/dicom";
import { freePort, isocenterBin, type Result, run, start, waitFor } from "./processes.ts";
import type { DicomServer } from "./servers.ts";

export const isocenter = (...args: string[]): Promise<Result> =>
  run(process.execPath, [isocenterBin, ...args]);

/** `AE@HOST:PORT`. */
export const at = ({ aeTitle, port }: DicomServer): string => `${aeTitle}@127.0.0.1:${port}`;

/** Operands for DCMTK's clients. */
export const dcmtkPeer = ({ aeTitle, port }: DicomServer): string[] => [
  "-aec",
  aeTitle,
  "127.0.0.1",
  String(port),
];

/** `isocenter receive` or `isocenter qr`; ready when it says so. */
export async function startListener(
  command: "receive" | "qr",
  args: (port: string) => readonly string[],
  aeTitle = "ISOCENTER",
): Promise<DicomServer> {
  const port = await freePort();
  const server = start(process.execPath, [isocenterBin, command, ...args(String(port))]);
  await waitFor(`isocenter ${command}`, () =>
    Promise.resolve(/Ctrl\+C stops it/.test(server.output())),
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${server.output()}`);
  });
  return { ...server, aeTitle, port };
}

/** Paths of the files below a folder that are DICOM by their name. */
export async function dicomFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && !/\.(md|tsv|txt|dat|json)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

export interface StoredFile {
  readonly path: string;
  readonly transferSyntaxUid: string;
  /** The encoded data set, byte for byte. */
  readonly bytes: Buffer;
}

/** The data sets below a folder by SOP Instance UID. */
export async function dataSetsBelow(folder: string): Promise<Map<string, StoredFile>> {
  const files = new Map<string, StoredFile>();
  for (const path of await dicomFiles(folder)) {
    const content = await readFile(path);
    const { dataSet, dataSetOffset, transferSyntaxUid } = decodePart10(content);
    files.set(dataSet.string("SOPInstanceUID") ?? path, {
      path,
      transferSyntaxUid,
      bytes: content.subarray(dataSetOffset),
    });
  }
  return files;
}
