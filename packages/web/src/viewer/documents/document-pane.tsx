/** Documents of a study: PDF, reports, key object selections, waveforms. */
import type { DisplaySet } from "../model/display-sets.ts";
import { PdfPane } from "./pdf-pane.tsx";
import { ReportPane } from "./report-pane.tsx";
import { WaveformPane } from "./waveform-pane.tsx";

export function DocumentPane({
  set,
  source,
}: {
  readonly set: DisplaySet;
  readonly source: string | undefined;
}) {
  const { instance } = set;
  if (instance === undefined) return null;
  switch (set.kind) {
    case "pdf":
      return <PdfPane instance={instance} source={source} />;
    case "waveform":
      return <WaveformPane instance={instance} source={source} />;
    default:
      return <ReportPane instance={instance} />;
  }
}
