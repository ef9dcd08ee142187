/**
 * Which instance stands for a series or study when one picture of it is wanted: the middle slice, of the first series
 * that has images. PS3.18 10.4.1.1.3 and 10.4.1.1.7 leave the choice to the server.
 */
import { DataSet } from "@isocenter/dicom";
import { notFound, WebProblem } from "./problem.ts";
import type { PathUids } from "./resource.ts";
import { callOptions, type WebRequest } from "./web-request.ts";

/** Modalities whose instances are no pictures (PS3.3 C.7.3.1.1.1). */
const notPictures = new Set(
  "SR PR KO AU ECG HD DOC RTSTRUCT RTPLAN RTRECORD REG FID PLAN OT-SR SEG RWV SMR STAIN".split(" "),
);
/** Instances looked at; a middle among them is middle enough. */
const limit = 5000;

export interface Candidate {
  readonly study: string;
  readonly series: string;
  readonly instance: string;
  readonly numberOfFrames: number;
}

/** @throws WebProblem 404 */
export async function representativeOf(web: WebRequest, target: PathUids): Promise<PathUids> {
  if (target.instance !== undefined) return target;
  const candidates = await picturesIn(web, target);
  const middle = candidates[Math.floor(candidates.length / 2)];
  if (middle !== undefined) return middle;
  throw new WebProblem(404, "not-found", "There is no picture in it.");
}

/** The images of a series, or of a study's first series that has any, by instance number. */
export async function picturesIn(web: WebRequest, { study = "", series }: PathUids): Promise<Candidate[]> {
  const candidates = series === undefined ? await seriesOf(web, study) : [series];
  if (candidates.length === 0) throw notFound("study or series");
  for (const one of candidates) {
    const images = await imagesOf(web, study, one);
    if (images.length > 0) return images;
  }
  return [];
}

async function seriesOf(web: WebRequest, study: string): Promise<string[]> {
  const keys = DataSet.of({ StudyInstanceUID: study, SeriesInstanceUID: "", Modality: "", SeriesNumber: "" });
  const found: { uid: string; number: number }[] = [];
  for await (const match of web.source.find({ level: "SERIES", keys, limit }, callOptions(web))) {
    const uid = match.string("SeriesInstanceUID");
    const modality = match.string("Modality") ?? "";
    if (uid !== undefined && !notPictures.has(modality))
      found.push({ uid, number: match.number("SeriesNumber") ?? 0 });
  }
  return found.sort((a, b) => a.number - b.number).map(({ uid }) => uid);
}

async function imagesOf(web: WebRequest, study: string, series: string): Promise<Candidate[]> {
  const keys = DataSet.of({
    StudyInstanceUID: study,
    SeriesInstanceUID: series,
    SOPInstanceUID: "",
    InstanceNumber: "",
    Rows: "",
    NumberOfFrames: "",
  });
  const found: (Candidate & { number: number; hasRows: boolean })[] = [];
  for await (const match of web.source.find({ level: "IMAGE", keys, limit }, callOptions(web))) {
    const instance = match.string("SOPInstanceUID");
    if (instance === undefined) continue;
    found.push({
      study,
      series,
      instance,
      number: match.number("InstanceNumber") ?? 0,
      numberOfFrames: match.number("NumberOfFrames") ?? 1,
      hasRows: match.number("Rows") !== undefined,
    });
  }
  // Peers need not answer Rows; where some do, the others are no images.
  const isTold = found.some(({ hasRows }) => hasRows);
  return found.filter(({ hasRows }) => hasRows || !isTold).sort((a, b) => a.number - b.number);
}
