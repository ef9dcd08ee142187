/** How many instances a selection holds, as a source tells it. */
import type { CallOptions, ImageSource, Selection } from "@isocenter/archive";
import { DataSet } from "@isocenter/dicom";
import { levelOfSelection } from "./transfer.ts";

/**
 * @returns undefined where the source does not tell; it need not answer these keys
 * @throws what the source's query throws: an unreachable peer is told before anything else is tried
 */
export async function expectedInstances(
  source: ImageSource,
  selections: readonly Selection[],
  options: CallOptions,
): Promise<number | undefined> {
  let sum: number | undefined = 0;
  for (const selection of selections) {
    const count: number | undefined = await countOf(source, selection, options);
    sum = sum === undefined || count === undefined ? undefined : sum + count;
  }
  return sum;
}

async function countOf(
  source: ImageSource,
  selection: Selection,
  options: CallOptions,
): Promise<number | undefined> {
  const level = levelOfSelection(selection);
  const keyword =
    level === "STUDY"
      ? "NumberOfStudyRelatedInstances"
      : level === "SERIES"
        ? "NumberOfSeriesRelatedInstances"
        : "";
  const { studyInstanceUid, seriesInstanceUid, sopInstanceUid } = selection;
  const keys = DataSet.of({
    StudyInstanceUID: studyInstanceUid,
    ...(seriesInstanceUid === undefined ? {} : { SeriesInstanceUID: seriesInstanceUid }),
    ...(sopInstanceUid === undefined ? {} : { SOPInstanceUID: sopInstanceUid }),
    ...(keyword === "" ? {} : { [keyword]: "" }),
  });
  for await (const match of source.find({ level, keys, limit: 1 }, options)) {
    if (keyword === "") return 1;
    const count = match.number(keyword);
    return count === undefined || !Number.isInteger(count) || count < 1 ? undefined : count;
  }
  return 0;
}
