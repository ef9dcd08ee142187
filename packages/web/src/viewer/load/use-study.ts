/** The study that is looked at: its series, and what can be shown of each once its metadata is here. */
import { useQueries, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { DicomJson } from "../../api/types.ts";
import { number, Tag, text } from "../../dicom/attributes.ts";
import { registerFrames } from "../engine/frame-registry.ts";
import type { DisplaySet } from "../model/display-sets.ts";
import { metadataQuery, orderedSeries, seriesQuery } from "./study-queries.ts";

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

export function useStudy(source: string | undefined, uid: string): LoadedStudy {
  const series = useQuery({ ...seriesQuery(source, uid), enabled: uid !== "" });
  const ordered = useMemo(() => orderedSeries(series.data ?? []), [series.data]);
  const metadata = useQueries({
    queries: ordered.map((one) => metadataQuery(source, uid, text(one, Tag.SeriesInstanceUID) ?? "")),
  });
  const arrived = metadata.map(({ dataUpdatedAt }) => dataUpdatedAt).join();
  useMemo(() => {
    for (const { data } of metadata) for (const { frames } of data?.sets ?? []) registerFrames(frames);
  }, [arrived, uid]);
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
