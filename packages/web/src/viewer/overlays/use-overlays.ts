/** Fetches the segmentations and structure sets of what is open. */
import { useQueries } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { dicomweb } from "../../api/dicomweb.ts";
import type { DicomJson } from "../../api/types.ts";
import { Tag, text } from "../../dicom/attributes.ts";
import type { DisplaySet } from "../model/display-sets.ts";
import type { Overlay } from "./overlay.ts";
import type { Overlays } from "./overlays-context.ts";
import { structureOverlays } from "./structures.ts";

const structureSet = "1.2.840.10008.5.1.4.1.1.481.3";

export function useOverlays(sets: readonly DisplaySet[], source: string | undefined): Overlays {
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const objects = sets.filter(
    (set): set is DisplaySet & { readonly instance: DicomJson } =>
      set.kind === "overlay" && set.instance !== undefined,
  );
  const answers = useQueries({
    queries: objects.map((set) => ({
      queryKey: ["overlay", source ?? "local", set.id],
      queryFn: async ({ signal }: { signal: AbortSignal }): Promise<readonly Overlay[]> => {
        if (text(set.instance, Tag.SOPClassUID) === structureSet) return structureOverlays(set.instance);
        const file = await dicomweb.file(
          {
            source,
            study: set.studyInstanceUid,
            series: set.seriesInstanceUid,
            instance: text(set.instance, Tag.SOPInstanceUID),
          },
          signal,
        );
        const { segmentationOverlays } = await import("./segmentation.ts");
        return segmentationOverlays(file, set.instance);
      },
      staleTime: Number.POSITIVE_INFINITY,
      gcTime: 30_000,
      structuralSharing: false,
      retry: false,
    })),
  });
  const ready = answers.map(({ data }) => data?.length ?? 0).join();
  const all = useMemo(() => answers.flatMap(({ data }) => data ?? []), [ready, sets]);
  const shown = useMemo(() => all.filter(({ id }) => !hidden.has(id)), [all, hidden]);
  return {
    all,
    shown,
    toggle(id) {
      setHidden((before) => {
        const next = new Set(before);
        if (!next.delete(id)) next.add(id);
        return next;
      });
    },
  };
}
