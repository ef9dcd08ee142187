/** What files and archives hold, for the matrix. */
import { readFile } from "node:fs/promises";
import { DataSet, decodePart10 } from "@isocenter/dicom";

/** The Study Instance UIDs of files, each once. */
export async function studiesOf(files: readonly string[]): Promise<string[]> {
  const uids = new Set<string>();
  for (const file of files) {
    const uid = decodePart10(await readFile(file)).dataSet.string("StudyInstanceUID");
    if (uid !== undefined) uids.add(uid);
  }
  return [...uids];
}

/** Keys for every instance of a study. */
export const instanceKeys = (studyInstanceUid: string): DataSet =>
  DataSet.of({
    StudyInstanceUID: studyInstanceUid,
    SeriesInstanceUID: "",
    SOPInstanceUID: "",
    SOPClassUID: "",
  });
