/** Waveforms on the paper they are read from: 25 mm/s and 10 mm/mV, with a grid of millimetres. */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { dicomweb } from "../../api/dicomweb.ts";
import type { DicomJson } from "../../api/types.ts";
import { Tag, text as value } from "../../dicom/attributes.ts";
import { useText } from "../../messages/use-text.ts";
import { ProblemPanel } from "../../ui/problem-panel.tsx";
import { drawWaveform, type WaveformGroup, waveformGroups, waveformSize } from "./waveform.ts";

export function WaveformPane({
  instance,
  source,
}: {
  readonly instance: DicomJson;
  readonly source: string | undefined;
}) {
  const words = useText();
  const text = words.viewer;
  const uid = value(instance, Tag.SOPInstanceUID) ?? "";
  const groups = useQuery({
    queryKey: ["waveform", source ?? "local", uid],
    queryFn: async ({ signal }) =>
      waveformGroups(
        await dicomweb.file(
          {
            source,
            study: value(instance, Tag.StudyInstanceUID) ?? "",
            series: value(instance, Tag.SeriesInstanceUID),
            instance: uid,
          },
          signal,
        ),
      ),
    structuralSharing: false,
    gcTime: 30_000,
  });
  if (groups.isError) return <ProblemPanel error={groups.error} onRetry={() => void groups.refetch()} />;
  return (
    <div className="document waveform" tabIndex={0} role="region" aria-label={text.kinds.waveform}>
      <p className="faint">{text.document.waveformFacts(25, 10)}</p>
      {groups.isPending && <p role="status">{words.shell.loading}</p>}
      {groups.data?.map((group, index) => (
        <Strip group={group} key={index} />
      ))}
    </div>
  );
}

function Strip({ group }: { readonly group: WaveformGroup }) {
  const text = useText().viewer.document;
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (canvas.current !== null) drawWaveform(canvas.current, group);
  }, [group]);
  const { width, height } = waveformSize(group);
  const leads = group.channels.map(({ label }) => label).join(", ");
  return (
    <canvas
      ref={canvas}
      style={{ width, height }}
      role="img"
      aria-label={`${group.label} ${text.lead}: ${leads}`}
    />
  );
}
