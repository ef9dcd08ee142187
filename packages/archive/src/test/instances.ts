/** Instances for tests, made in memory. */
import { DataSet, type DataSetInit, encodeDataSet, TransferSyntax } from "@isocenter/dicom";
import type { ImageSource, InstanceStream, Query, QueryLevel, StoreOutcome } from "../image-source.ts";

export const ctImage = "1.2.840.10008.5.1.4.1.1.2";
export const syntax = TransferSyntax.ExplicitVRLittleEndian;

/** In study 1.2.1 of patient P1, unless told otherwise. */
export function instance(uid: string, init: DataSetInit = {}): InstanceStream {
  const study = String((init as { StudyInstanceUID?: string }).StudyInstanceUID ?? "1.2.1");
  const dataSet = DataSet.of({
    SpecificCharacterSet: "ISO_IR 192",
    SOPClassUID: ctImage,
    SOPInstanceUID: uid,
    StudyInstanceUID: study,
    SeriesInstanceUID: `${study}.9`,
    PatientID: "P1",
    Modality: "CT",
    ...init,
  });
  return {
    sopClassUid: dataSet.string("SOPClassUID") ?? ctImage,
    sopInstanceUid: uid,
    transferSyntaxUid: syntax,
    dataSet: async function* () {
      yield encodeDataSet(dataSet, syntax);
    },
  };
}

export async function storeAll(source: ImageSource, ...instances: InstanceStream[]): Promise<StoreOutcome[]> {
  return collect(source.store(instances));
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export async function bytesOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await collect(chunks));
}

/** One value of each match, sorted. */
export async function findValues(
  source: ImageSource,
  level: QueryLevel,
  keys: DataSetInit = {},
  want = "PatientID",
  options: Partial<Query> = {},
): Promise<string[]> {
  const matches = await collect(
    source.find({ level, keys: DataSet.of({ [want]: "", ...keys }), ...options }),
  );
  return matches.map((match) => match.string(want) ?? "").sort();
}
