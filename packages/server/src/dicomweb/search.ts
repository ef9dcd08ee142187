/** Search transaction, QIDO-RS (PS3.18 10.6): studies, series and instances that match. */
import type { Query } from "@isocenter/archive";
import { type DataSet, tagToHex, toNativeXml } from "@isocenter/dicom";
import { multipartEnd, newBoundary, partHead, streamOf } from "@isocenter/archive/dicomweb";
import { selectOffer } from "./accept.ts";
import { answer, type Headers, headOf, joined } from "./answer.ts";
import type { SearchLevel } from "./attributes.ts";
import { findBelow } from "./hierarchy.ts";
import { jsonArray } from "./json-text.ts";
import { checkedSearch, type SearchRequest } from "./query.ts";
import type { PathUids } from "./resource.ts";
import { JsonResults, type Member, resultJson, textJson } from "./result-json.ts";
import { resourceUrl } from "./urls.ts";
import { acceptOfRequest, callOptions, type WebRequest } from "./web-request.ts";

const offers = [
  { mediaType: "application/dicom+json", isMultipart: false },
  { mediaType: "application/json", isMultipart: false },
  { mediaType: "application/dicom+xml", isMultipart: true },
] as const;

/** Read before the head of the answer is sent; what is longer is streamed. */
const wholeLimit = 1 << 20;
const encoder = new TextEncoder();

export async function search(
  web: WebRequest,
  target: { readonly level: SearchLevel } & PathUids,
): Promise<Response> {
  const offer = selectOffer(acceptOfRequest(web), offers);
  const wanted = checkedSearch(target.level, target, web.parameters, web.limits.maximumResults);
  const results = new Results(web, wanted);
  const isXml = offer.mediaType === "application/dicom+xml";
  const boundary = newBoundary();
  const body = isXml
    ? xmlParts(results.dataSets(), web.base, target.level, boundary)
    : jsonArray(results.json(target.level));
  const { whole, rest } = await headOf(body, wholeLimit);
  // PS3.18 8.3.4.4.1: no results are 204, without a payload.
  if (whole !== undefined && results.count === 0) return answer(null, noStore, 204);
  const warnings = warningsOf(web, wanted, await results.hasMore(whole !== undefined));
  const headers: Headers = {
    ...noStore,
    "content-type": isXml
      ? `multipart/related; type="application/dicom+xml"; boundary=${boundary}`
      : offer.mediaType,
    ...(warnings.length === 0 ? {} : { warning: warnings.join(", ") }),
  };
  return answer(whole ?? streamOf(rest ?? empty(), web.onError), headers);
}

const noStore = { "cache-control": "no-store" };

async function* empty(): AsyncGenerator<Uint8Array> {}

/** The matches of one page, and whether there are more behind them. */
class Results {
  readonly #web: WebRequest;
  readonly #wanted: SearchRequest;
  count = 0;
  #sawMore = false;

  constructor(web: WebRequest, wanted: SearchRequest) {
    this.#web = web;
    this.#wanted = wanted;
  }

  dataSets(): AsyncGenerator<DataSet> {
    return this.#page((query) => findBelow(this.#web.source, query, callOptions(this.#web)));
  }

  /** Serialised, from what the source has: JSON, or data sets. */
  async *json(level: SearchLevel): AsyncGenerator<string> {
    const { base, source } = this.#web;
    const isLocal = source.capabilities().kind === "local";
    const findJson = source.findJson?.bind(source);
    if (findJson === undefined) {
      for await (const match of this.dataSets()) {
        const text = (tag: number): string | undefined => match.string(tag);
        yield resultJson(match, membersOf(text, level, base, isLocal));
      }
      return;
    }
    const results = new JsonResults();
    const matches = this.#page((query) => findJson(query, callOptions(this.#web)));
    for await (const match of matches) {
      const text = (tag: number): string | undefined => {
        const value = match[tagToHex(tag)]?.Value?.[0];
        return typeof value === "string" ? value : undefined;
      };
      yield results.text(match, membersOf(text, level, base, isLocal));
    }
  }

  /** @param isComplete all results were read; otherwise the source is asked for what comes after the last */
  async hasMore(isComplete: boolean): Promise<boolean> {
    if (isComplete) return this.#sawMore;
    const { query } = this.#wanted;
    const next = { ...query, offset: query.offset + query.limit, limit: 1 };
    for await (const _ of findBelow(this.#web.source, next, callOptions(this.#web))) return true;
    return false;
  }

  async *#page<T>(find: (query: Query) => AsyncIterable<T>): AsyncGenerator<T> {
    const { query } = this.#wanted;
    if (query.limit === 0) return;
    // One more than asked for tells whether there are more.
    for await (const match of find({ ...query, limit: query.limit + 1 })) {
      if (this.count === query.limit) {
        this.#sawMore = true;
        return;
      }
      this.count++;
      yield match;
    }
  }
}

function warningsOf(web: WebRequest, { isFuzzy }: SearchRequest, hasMore: boolean): string[] {
  const service = new URL(web.base).host;
  const warnings: string[] = [];
  // PS3.18 8.3.4.2 and 8.3.4.4.1 give the words.
  if (isFuzzy && web.source.capabilities().kind === "dimse") {
    warnings.push(
      `299 ${service} "The fuzzymatching parameter is not supported. Only literal matching has been performed."`,
    );
  }
  if (hasMore) warnings.push(`299 ${service} "There are additional results that can be requested."`);
  return warnings;
}

/** What the table of its level adds to a match. */
function membersOf(
  text: (tag: number) => string | undefined,
  level: SearchLevel,
  base: string,
  isLocal: boolean,
): Member[] {
  return [
    // The text is UTF-8 now, whatever it was (PS3.18 F.2.3).
    { tag: 0x00080005, json: utf8 },
    { tag: 0x00080052, json: undefined },
    // PS3.18 Table 10.6.3-3: Instance Availability where it is known.
    ...(isLocal ? [online] : text(0x00080056) === undefined ? [unknown] : []),
    { tag: 0x00081190, json: textJson("UR", resourceUrl(base, uidsOf(text, level))) },
  ];
}

const utf8 = textJson("CS", "ISO_IR 192");
const online: Member = { tag: 0x00080056, json: textJson("CS", "ONLINE") };
const unknown: Member = { tag: 0x00080056, json: undefined };

function uidsOf(text: (tag: number) => string | undefined, level: SearchLevel): PathUids {
  const study = text(0x0020000d);
  const series = level === "STUDY" ? undefined : text(0x0020000e);
  const instance = level === "IMAGE" ? text(0x00080018) : undefined;
  return {
    ...(study === undefined ? {} : { study }),
    ...(series === undefined ? {} : { series }),
    ...(instance === undefined ? {} : { instance }),
  };
}

/** PS3.18 10.6.3.3: with XML each result is a part of its own. */
async function* xmlParts(
  matches: AsyncIterable<DataSet>,
  base: string,
  level: SearchLevel,
  boundary: string,
): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const match of matches) {
    const result = match
      .without(0x00080052)
      .with(0x00080005, "ISO_IR 192")
      .with(
        0x00081190,
        resourceUrl(
          base,
          uidsOf((tag) => match.string(tag), level),
        ),
      );
    const head = partHead(boundary, { "Content-Type": "application/dicom+xml" }, isFirst);
    const text = encoder.encode(toNativeXml(result));
    yield joined([head, text], head.byteLength + text.byteLength);
    isFirst = false;
  }
  if (!isFirst) yield multipartEnd(boundary);
}
