/** The metadata of a held instance as the DICOMweb face takes it from a source: serialised, with relative references. */
import type { HeldObject } from "@isocenter/archive/dicomweb";
import { readPart10, toDicomJson } from "@isocenter/dicom";
import { withFallback } from "./character-set.ts";

/** Longer values are left where they are. */
const inlineLimit = 1024;
/** Pixels and what comes after them. */
const firstPixelTag = 0x7fe00001;

/** @param isWhole of the beginning of an instance, what stands before its pixels */
export async function metadataOf(
  object: HeldObject,
  { isWhole, characterSet }: { readonly isWhole: boolean; readonly characterSet: string | undefined },
): Promise<string> {
  const { dataSet } = await readPart10(object, {
    bulkThreshold: inlineLimit,
    ...(isWhole ? {} : { until: firstPixelTag }),
  });
  const json = toDicomJson(withFallback(dataSet, characterSet), {
    bulkThreshold: inlineLimit,
    bulkDataUri: (path) => `bulkdata/${path.join("/")}`,
  });
  return JSON.stringify(
    isWhole ? json : { ...json, "7FE00010": { vr: "OW", BulkDataURI: "bulkdata/7FE00010" } },
  );
}
