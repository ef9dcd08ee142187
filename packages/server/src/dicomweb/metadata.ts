/**
 * Metadata resources (PS3.18 10.4.1.1.2): all attributes but the bulk data, as JSON or XML.
 *
 * Where the source has an instance's JSON ready it is sent as text: nothing is parsed on the way, only the references to
 * bulk data, which are relative to their instance, become URLs.
 */
import type { InstanceStream, Selection } from "@isocenter/archive";
import { fileHeadOf, multipartEnd, newBoundary, partHead, streamOf } from "@isocenter/archive/dicomweb";
import {
  type BulkData,
  bulkData,
  type DicomJsonObject,
  fromDicomJson,
  readPart10,
  toDicomJson,
  toNativeXml,
} from "@isocenter/dicom";
import { selectOffer } from "./accept.ts";
import { answer, headOf, joined } from "./answer.ts";
import { isUnchanged, tagOfBytes } from "./conditional.ts";
import { jsonArray, topLevelUids } from "./json-text.ts";
import { notFound } from "./problem.ts";
import type { PathUids } from "./resource.ts";
import { selectionOf } from "./selection.ts";
import { resourceUrl } from "./urls.ts";
import { acceptOfRequest, callOptions, type WebRequest } from "./web-request.ts";

const offers = [
  { mediaType: "application/dicom+json", isMultipart: false },
  { mediaType: "application/json", isMultipart: false },
  { mediaType: "application/dicom+xml", isMultipart: true },
] as const;

/** Answers up to this size are sent whole, with an entity tag. */
const wholeLimit = 4 << 20;
/** Binary values up to this many bytes are sent inline. */
const inlineLimit = 1024;
const encoder = new TextEncoder();

export async function metadata(web: WebRequest, target: PathUids): Promise<Response> {
  const offer = selectOffer(acceptOfRequest(web), offers);
  let count = 0;
  async function* counted(objects: AsyncIterable<string>): AsyncGenerator<string> {
    for await (const object of objects) {
      count++;
      yield object;
    }
  }
  const isXml = offer.mediaType === "application/dicom+xml";
  const boundary = newBoundary();
  const objects = counted(instanceJson(web, target));
  const body = isXml ? xmlParts(objects, boundary) : jsonArray(objects);
  const { whole, rest } = await headOf(body, wholeLimit);
  if (whole === undefined) {
    const stream = streamOf(rest ?? noChunks(), web.onError);
    return answer(stream, { "content-type": contentType(offer.mediaType, boundary), ...cached });
  }
  if (count === 0) throw notFound("study, series or instance");
  if (isXml) return answer(whole, { "content-type": contentType(offer.mediaType, boundary), ...cached });
  const etag = await tagOfBytes(whole);
  if (isUnchanged(web.request, etag)) return answer(null, { etag, ...cached }, 304);
  return answer(whole, { "content-type": offer.mediaType, etag, ...cached });
}

/** Kept by the client, and asked for again each time: an instance may be corrected or deleted. */
const cached = { "cache-control": "private, no-cache", vary: "Accept, Accept-Encoding" };

async function* noChunks(): AsyncGenerator<Uint8Array> {}

function contentType(mediaType: string, boundary: string): string {
  return mediaType === "application/dicom+xml"
    ? `multipart/related; type="${mediaType}"; boundary=${boundary}`
    : mediaType;
}

/** Each instance as one serialised object whose references are URLs. */
export async function* instanceJson(web: WebRequest, target: PathUids): AsyncGenerator<string> {
  const selection = selectionOf(target);
  const { source } = web;
  const objects =
    source.metadata === undefined
      ? metadataByRetrieve(web, selection)
      : source.metadata(selection, callOptions(web));
  for await (const json of objects) yield withUrls(json, web.base, target);
}

/** JSON text cannot hold this sequence inside a value: quotes there are escaped. */
const relative = '"BulkDataURI":"bulkdata/';

function withUrls(json: string, base: string, known: PathUids): string {
  if (!json.includes(relative)) return json;
  const { study, series, instance } = topLevelUids(json, {
    ...(known.study === undefined ? {} : { study: known.study }),
    ...(known.series === undefined ? {} : { series: known.series }),
  });
  if (study === undefined || series === undefined || instance === undefined) return json;
  const url = JSON.stringify(resourceUrl(base, { study, series, instance })).slice(1, -1);
  return json.replaceAll(relative, () => `"BulkDataURI":"${url}/bulkdata/`);
}

/** For sources that have nothing ready: each instance is read once, holding only its short values. */
async function* metadataByRetrieve(web: WebRequest, selection: Selection): AsyncGenerator<string> {
  for await (const instance of web.source.retrieve(selection, callOptions(web))) {
    const { dataSet } = await readPart10(fileOf(instance), { bulkThreshold: inlineLimit });
    const json = toDicomJson(dataSet, {
      bulkThreshold: inlineLimit,
      bulkDataUri: (path) => `bulkdata/${path.join("/")}`,
    });
    yield JSON.stringify(json);
  }
}

async function* fileOf(instance: InstanceStream): AsyncGenerator<Uint8Array> {
  yield fileHeadOf(instance);
  yield* instance.dataSet();
}

async function* xmlParts(objects: AsyncIterable<string>, boundary: string): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const json of objects) {
    const head = partHead(boundary, { "Content-Type": "application/dicom+xml" }, isFirst);
    const text = encoder.encode(xmlOf(JSON.parse(json) as DicomJsonObject));
    yield joined([head, text], head.byteLength + text.byteLength);
    isFirst = false;
  }
  if (!isFirst) yield multipartEnd(boundary);
}

/** From JSON to XML with the references kept: each is a value that stays where it is. */
function xmlOf(json: DicomJsonObject): string {
  const uris = new Map<BulkData, string>();
  const dataSet = fromDicomJson(json, {
    resolveBulkData(uri) {
      const value = bulkData(1, async function* () {});
      uris.set(value, uri);
      return value;
    },
  });
  return toNativeXml(dataSet, {
    bulkDataUri: (_, { bulk }) => (bulk === undefined ? undefined : uris.get(bulk)),
  });
}
