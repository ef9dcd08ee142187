/** An encapsulated PDF, drawn page by page: what a document brings to be run is not run. */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { resourcePath } from "../../api/dicomweb.ts";
import { send } from "../../api/request.ts";
import type { DicomJson } from "../../api/types.ts";
import { Tag, text as value } from "../../dicom/attributes.ts";
import { useText } from "../../messages/use-text.ts";
import { DownloadIcon } from "../../ui/icons.tsx";
import { ProblemPanel } from "../../ui/problem-panel.tsx";
import { openPdf, type Pdf } from "./pdf.ts";

export function PdfPane({
  instance,
  source,
}: {
  readonly instance: DicomJson;
  readonly source: string | undefined;
}) {
  const words = useText();
  const text = words.viewer;
  const path = `${resourcePath({
    source,
    study: value(instance, Tag.StudyInstanceUID) ?? "",
    series: value(instance, Tag.SeriesInstanceUID),
    instance: value(instance, Tag.SOPInstanceUID),
  })}/rendered?accept=application/pdf`;
  const pdf = useQuery({
    queryKey: ["pdf", path],
    queryFn: async ({ signal }) => openPdf(await (await send(path, { signal })).arrayBuffer()),
    structuralSharing: false,
    gcTime: 0,
    retry: false,
  });
  const title = value(instance, Tag.DocumentTitle) ?? value(instance, Tag.SeriesDescription) ?? "PDF";
  return (
    <div className="document pdf" tabIndex={0} role="region" aria-label={title}>
      <header>
        <h2>{title}</h2>
        <a className="button small" href={path} download={`${title.replace(/[^\p{L}\p{N} -]/gu, "_")}.pdf`}>
          <DownloadIcon /> {text.document.download}
        </a>
      </header>
      {pdf.isPending && <p role="status">{words.shell.loading}</p>}
      {pdf.isError && <ProblemPanel error={pdf.error} onRetry={() => void pdf.refetch()} />}
      {pdf.data !== undefined &&
        Array.from({ length: pdf.data.pages }, (_, at) => <Page key={at} pdf={pdf.data} number={at + 1} />)}
    </div>
  );
}

function Page({ pdf, number }: { readonly pdf: Pdf; readonly number: number }) {
  const text = useText().viewer.document;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [words, setWords] = useState("");
  useEffect(() => {
    const target = canvas.current;
    if (target === null) return undefined;
    const controller = new AbortController();
    void pdf.draw(number, target, controller.signal);
    void pdf.words(number).then(setWords);
    return () => controller.abort();
  }, [pdf, number]);
  return (
    <figure className="pdf-page">
      <canvas ref={canvas} aria-hidden="true" />
      <figcaption className="visually-hidden">
        {text.page(number, pdf.pages)}: {words}
      </figcaption>
    </figure>
  );
}
