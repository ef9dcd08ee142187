/** The demo hospital's files, as they are on disk. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type DataSet, decodePart10 } from "@isocenter/dicom";
import { demoFolder } from "./processes.ts";

export interface DemoFile {
  readonly path: string;
  readonly bytes: Buffer;
  readonly dataSet: DataSet;
  readonly transferSyntaxUid: string;
  readonly dataSetOffset: number;
  readonly study: string;
  readonly series: string;
  readonly instance: string;
}

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
/** A file without what stands before its data set, which each archive writes anew. */
export const dataSetOf = (file: Uint8Array): Uint8Array => file.subarray(decodePart10(file).dataSetOffset);

export async function demoFiles(): Promise<DemoFile[]> {
  const demo: DemoFile[] = [];
  for (const entry of await readdir(demoFolder, { recursive: true, withFileTypes: true })) {
    if (!entry.name.endsWith(".dcm")) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path);
    const { dataSet, transferSyntaxUid, dataSetOffset } = decodePart10(bytes);
    const [study = "", series = "", instance = ""] = [
      "StudyInstanceUID",
      "SeriesInstanceUID",
      "SOPInstanceUID",
    ].map((keyword) => dataSet.string(keyword));
    demo.push({ path, bytes, dataSet, transferSyntaxUid, dataSetOffset, study, series, instance });
  }
  return demo;
}
