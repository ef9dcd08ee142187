/** The series of a study, as a source tells them. */
import type { CallOptions, ImageSource, Selection } from "@isocenter/archive";
import { DataSet } from "@isocenter/dicom";
import type { SeriesKey } from "./arrival.ts";

/** By series number. */
export async function seriesOf(
  source: Pick<ImageSource, "find">,
  { studyInstanceUid }: Selection,
  options: CallOptions,
): Promise<SeriesKey[]> {
  const keys = DataSet.of({ StudyInstanceUID: studyInstanceUid, SeriesInstanceUID: "", SeriesNumber: "" });
  const found: { readonly key: SeriesKey; readonly number: number }[] = [];
  for await (const match of source.find({ level: "SERIES", keys }, options)) {
    const seriesInstanceUid = match.string("SeriesInstanceUID") ?? "";
    if (seriesInstanceUid === "") continue;
    found.push({ key: { studyInstanceUid, seriesInstanceUid }, number: match.number("SeriesNumber") ?? 0 });
  }
  return found.sort((a, b) => a.number - b.number).map(({ key }) => key);
}
