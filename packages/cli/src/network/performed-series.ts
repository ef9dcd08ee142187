/** The series of a performed procedure step (PS3.4 Table F.7.2-2), as the files of the examination tell them. */
import { DataSet, type DataSetInit, newUid } from "@isocenter/dicom";
import { inputFiles, withHeader } from "../files.ts";

interface SeriesOfFiles {
  readonly header: DataSet;
  readonly images: DataSetInit[];
  readonly others: DataSetInit[];
}

/** @returns an item per series; for no file at all one that says that nothing was made */
export async function performedSeries(paths: readonly string[]): Promise<DataSet[]> {
  const series = new Map<string, SeriesOfFiles>();
  for await (const { path } of inputFiles(paths)) await withHeader(path, (header) => addTo(series, header));
  if (series.size === 0) return [item(newUid(), { header: DataSet.empty, images: [], others: [] })];
  return [...series].map(([uid, of]) => item(uid, of));
}

function addTo(series: Map<string, SeriesOfFiles>, header: DataSet): void {
  const uid = header.string("SeriesInstanceUID");
  if (uid === undefined) return;
  const known = series.get(uid) ?? { header, images: [], others: [] };
  series.set(uid, known);
  const isImage = header.has("Rows");
  (isImage ? known.images : known.others).push({
    ReferencedSOPClassUID: header.string("SOPClassUID") ?? "",
    ReferencedSOPInstanceUID: header.string("SOPInstanceUID") ?? "",
  });
}

function item(uid: string, { header, images, others }: SeriesOfFiles): DataSet {
  const of = (keyword: string, otherwise = ""): string => header.strings(keyword).join("\\") || otherwise;
  return DataSet.of({
    SeriesInstanceUID: uid,
    SeriesDescription: of("SeriesDescription"),
    // Required, and not in every image.
    ProtocolName: of("ProtocolName", of("SeriesDescription", "NONE")),
    PerformingPhysicianName: of("PerformingPhysicianName"),
    OperatorsName: of("OperatorsName"),
    RetrieveAETitle: "",
    ReferencedImageSequence: images,
    ReferencedNonImageCompositeSOPInstanceSequence: others,
  });
}
