/** What the viewer asks of a study, shared with the list: a study that is selected there is half open already. */
import { queryOptions } from "@tanstack/react-query";
import { dicomweb, dicomwebBase } from "../../api/dicomweb.ts";
import type { DicomJson } from "../../api/types.ts";
import { number, Tag, text } from "../../dicom/attributes.ts";
import { displaySetsOf } from "../model/display-sets.ts";

export const seriesQuery = (source: string | undefined, study: string) =>
  queryOptions({
    queryKey: ["series", source ?? "local", study],
    queryFn: ({ signal }) => dicomweb.series({ source, study }, signal),
  });

export const metadataQuery = (source: string | undefined, study: string, series: string) =>
  queryOptions({
    queryKey: ["metadata", source ?? "local", study, series],
    queryFn: async ({ signal }) => {
      const instances = await dicomweb.metadata({ source, study, series }, signal);
      return { sets: displaySetsOf(instances, dicomwebBase(source)), first: instances[0] };
    },
    staleTime: Number.POSITIVE_INFINITY,
    // Metadata of thousands of slices is megabytes; it leaves soon after its study.
    gcTime: 30_000,
    structuralSharing: false,
  });

/** Reports and objects after images, then by number: as a study is read. */
export function orderedSeries(series: readonly DicomJson[]): readonly DicomJson[] {
  const isLate = (one: DicomJson): number => (lateModalities.has(text(one, Tag.Modality) ?? "") ? 1 : 0);
  return series.toSorted(
    (a, b) =>
      isLate(a) - isLate(b) || (number(a, Tag.SeriesNumber) ?? 0) - (number(b, Tag.SeriesNumber) ?? 0),
  );
}

const lateModalities = new Set(["SR", "DOC", "KO", "PR", "SEG", "RTSTRUCT", "REG"]);
