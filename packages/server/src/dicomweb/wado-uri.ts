/**
 * WADO-URI (PS3.18 9): one instance named by query parameters, as a file or as a picture. Old viewers and reports' links
 * ask this way.
 */
import { acceptOf, contentTypeOf, selectOffer } from "./accept.ts";
import { answer } from "./answer.ts";
import { streamOf } from "@isocenter/archive/dicomweb";
import { convertFile, syntaxOffers } from "./convert.ts";
import { closing } from "./frames.ts";
import { openInstance } from "./objects.ts";
import { badParameter } from "./problem.ts";
import { onePicture } from "./rendered.ts";
import { type RenderingParameters, windowFrom, whole } from "./rendering.ts";
import { isUid, type PathUids } from "./resource.ts";
import type { WebRequest } from "./web-request.ts";

const maximumViewport = 4096;

export async function wadoUri(web: WebRequest): Promise<Response> {
  const { parameters } = web;
  if (parameters.get("requestType") !== "WADO") throw badParameter("requestType", "is WADO");
  const uids = {
    study: uidOf(parameters, "studyUID"),
    series: uidOf(parameters, "seriesUID"),
    instance: uidOf(parameters, "objectUID"),
  };
  // 9.4.2.2: several media types in the order of preference; rendered ones are the default.
  const given = parameters.get("contentType")?.replace("application/dicom ", "application/dicom+") ?? "";
  const offer = selectOffer(acceptOf(given === "" ? "image/jpeg" : given), offers);
  if (offer.mediaType === "application/dicom") return file(web, uids);
  const frame = parameters.get("frameNumber");
  return onePicture(
    web,
    { ...uids, ...(frame === null ? {} : { frames: [whole("frameNumber", frame, 1, 999_999_999)] }) },
    offer,
    renderingOf(parameters),
  );
}

const offers = [
  { mediaType: "image/jpeg", isMultipart: false },
  { mediaType: "image/png", isMultipart: false },
  { mediaType: "application/dicom", isMultipart: false },
] as const;

/** 9.4.1: all three are required. */
function uidOf(parameters: URLSearchParams, name: string): string {
  const uid = parameters.get(name) ?? "";
  if (!isUid(uid)) throw badParameter(name, "is a UID, and is required");
  return uid;
}

/** 9.4.2.4: the syntax that `transferSyntax` names, or Explicit VR Little Endian. */
async function file(web: WebRequest, uids: PathUids): Promise<Response> {
  const object = await openInstance(web, uids);
  let isHandedOn = false;
  try {
    const wanted = web.parameters.get("transferSyntax");
    if (wanted !== null && !isUid(wanted)) throw badParameter("transferSyntax", "is a UID");
    const accept = acceptOf(`application/dicom${wanted === null ? "" : `; transfer-syntax=${wanted}`}`);
    const offer = selectOffer(accept, syntaxOffers(object.transferSyntaxUid, false));
    isHandedOn = true;
    const isStored = offer.transferSyntaxUid === object.transferSyntaxUid;
    const body = closing(object, () =>
      isStored ? object.stream() : convertFile(object, offer.transferSyntaxUid),
    );
    return answer(streamOf(body, web.onError), {
      "content-type": contentTypeOf(offer),
      "cache-control": "private, no-cache",
      ...(isStored ? { "content-length": String(object.size) } : {}),
    });
  } finally {
    if (!isHandedOn) await object[Symbol.asyncDispose]();
  }
}

/** 9.4.2.3: rows and columns are the most wanted of each; a window needs both its numbers. */
function renderingOf(parameters: URLSearchParams): RenderingParameters {
  const [rows, columns, center, width, quality] = [
    "rows",
    "columns",
    "windowCenter",
    "windowWidth",
    "imageQuality",
  ].map((name) => parameters.get(name));
  const side = (name: string, text: string | null | undefined): number =>
    text === null || text === undefined ? maximumViewport : whole(name, text, 1, maximumViewport);
  if ((center === null) !== (width === null)) {
    throw badParameter(center === null ? "windowCenter" : "windowWidth", "is needed with its other half");
  }
  return {
    warnings: [],
    rendering: {
      ...(rows === null && columns === null
        ? {}
        : { viewport: { width: side("columns", columns), height: side("rows", rows) } }),
      ...(typeof center === "string" && typeof width === "string"
        ? { window: windowFrom(center, width, "LINEAR", "windowWidth") }
        : {}),
      ...(typeof quality === "string" ? { quality: whole("imageQuality", quality, 1, 100) } : {}),
    },
  };
}
