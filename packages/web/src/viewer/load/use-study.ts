/** The study that is looked at: its series, and what can be shown of each once its metadata is here. */
import { useQueries, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { dicomweb, dicomwebBase } from "../../api/dicomweb.ts";
import type { DicomJson } from "../../api/types.ts";
import { number, Tag, text } from "../../dicom/attributes.ts";
import { registerFrames } from "../engine/frame-registry.ts";
import { type DisplaySet, displaySetsOf } from "../model/display-sets.ts";

export interface StudySeries {
  readonly uid: string;
  readonly modality: string;
  readonly description: string;
  readonly number: number | undefined;
  readonly count: number | undefined;
  /** Undefined until the metadata came. */
  readonly sets: readonly DisplaySet[] | undefined;
  readonly error: unknown;
}

export interface LoadedStudy {
  readonly source: string | undefined;
  readonly uid: string;
  readonly series: readonly StudySeries[];
  readonly isLoading: boolean;
  readonly error: unknown;
  /** Patient's and study's attributes, from the first instance that came. */
  readonly about: DicomJson | undefined;
  readonly sets: readonly DisplaySet[];
  reload(): void;
}

/** Reports and objects after images, then by number: as a study is read. */
const lateModalities = new Set(["SR", "DOC", "KO", "PR", "SEG", "RTSTRUCT", "REG"]);

export function useStudy(source: string | undefined, uid: string): LoadedStudy {
  const series = useQuery({
    queryKey: ["viewer-series", source ?? "local", uid],
    queryFn: ({ signal }) => dicomweb.series({ source, study: uid }, signal),
    enabled: uid !== "",
  });
  const ordered = useMemo(() => orderedSeries(series.data ?? []), [series.data]);
  const metadata = useQueries({
    queries: ordered.map((one) => ({
      queryKey: ["viewer-metadata", source ?? "local", uid, text(one, Tag.SeriesInstanceUID) ?? ""],
      queryFn: async ({ signal }: { signal: AbortSignal }) => {
        const address = { source, study: uid, series: text(one, Tag.SeriesInstanceUID) };
        const instances = await dicomweb.metadata(address, signal);
        const sets = displaySetsOf(instances, dicomwebBase(source));
        for (const { frames } of sets) registerFrames(frames);
        return { sets, first: instances[0] };
      },
      staleTime: Number.POSITIVE_INFINITY,
      // Metadata of thousands of slices is megabytes; it leaves with its study.
      gcTime: 30_000,
      structuralSharing: false,
    })),
  });
  const list = ordered.map((one, index): StudySeries => {
    const answer = metadata[index];
    return {
      uid: text(one, Tag.SeriesInstanceUID) ?? "",
      modality: text(one, Tag.Modality) ?? "",
      description: text(one, Tag.SeriesDescription) ?? "",
      number: number(one, Tag.SeriesNumber),
      count: number(one, Tag.NumberOfSeriesRelatedInstances),
      sets: answer?.data?.sets,
      error: answer?.error ?? null,
    };
  });
  return {
    source,
    uid,
    series: list,
    isLoading: series.isPending && uid !== "",
    error: series.error,
    about: metadata.find((one) => one.data?.first !== undefined)?.data?.first,
    sets: list.flatMap((one) => one.sets ?? []),
    reload: () => void series.refetch(),
  };
}

function orderedSeries(series: readonly DicomJson[]): readonly DicomJson[] {
  const isLate = (one: DicomJson): number => (lateModalities.has(text(one, Tag.Modality) ?? "") ? 1 : 0);
  return series.toSorted(
    (a, b) =>
      isLate(a) - isLate(b) || (number(a, Tag.SeriesNumber) ?? 0) - (number(b, Tag.SeriesNumber) ?? 0),
  );
}
