/** PDF through pdf.js, in a worker of its own and without evaluating anything. */
import { getDocument, GlobalWorkerOptions, type PDFDocumentProxy } from "pdfjs-dist";
// oxlint-disable-next-line import/default -- Vite gives the address of a file under ?url
import workerUrl from "pdfjs-dist/build/pdf.worker.min.mjs?url";

export interface Pdf {
  readonly pages: number;
  draw(page: number, canvas: HTMLCanvasElement, signal: AbortSignal): Promise<void>;
  /** A page's text, for those who do not see the drawing. */
  words(page: number): Promise<string>;
}

/** CSS pixels of a page's width. */
const pageWidth = 820;

export async function openPdf(data: ArrayBuffer): Promise<Pdf> {
  GlobalWorkerOptions.workerSrc = workerUrl;
  const document: PDFDocumentProxy = await getDocument({ data, isEvalSupported: false }).promise;
  return {
    pages: document.numPages,
    async draw(number, canvas, signal) {
      const page = await document.getPage(number);
      const natural = page.getViewport({ scale: 1 });
      const viewport = page.getViewport({ scale: (pageWidth * devicePixelRatio) / natural.width });
      if (signal.aborted) return;
      canvas.width = viewport.width;
      canvas.height = viewport.height;
      const canvasContext = canvas.getContext("2d");
      if (canvasContext === null) return;
      const task = page.render({ canvasContext, viewport });
      signal.addEventListener("abort", () => task.cancel());
      await task.promise.catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    },
    async words(number) {
      const { items } = await (await document.getPage(number)).getTextContent();
      return items.map((item) => ("str" in item ? item.str : "")).join(" ");
    },
  };
}
