/**
 * Searches across studies at a source that only looks below one parent: a DICOM peer answers series and instances of one
 * study or series, unless relational queries were agreed on (PS3.4 C.4.1.2.2.2). The levels above are then searched
 * first, with the keys that belong to them.
 */
import type { CallOptions, ImageSource, Query } from "@isocenter/archive";
import { DataSet, type Tag, tagOf } from "@isocenter/dicom";
import { optionalAttributes, requiredAttributes } from "./attributes.ts";

const studyUid = 0x0020000d;
const seriesUid = 0x0020000e;
const studyTags = new Set<Tag>([...requiredAttributes.STUDY, ...optionalAttributes.STUDY]);
const seriesTags = new Set<Tag>(
  [...requiredAttributes.SERIES, ...optionalAttributes.SERIES].filter((tag) => tag !== studyUid),
);
const timezone = tagOf("TimezoneOffsetFromUTC") ?? 0;

export function findBelow(source: ImageSource, query: Query, options: CallOptions): AsyncIterable<DataSet> {
  if (source.capabilities().kind !== "dimse") return source.find(query, options);
  if (query.level === "SERIES" && !isNamed(query.keys, studyUid))
    return paged(bySeries(source, query, options), query);
  if (query.level === "IMAGE" && !(isNamed(query.keys, studyUid) && isNamed(query.keys, seriesUid))) {
    return paged(byInstance(source, query, options), query);
  }
  return source.find(query, options);
}

/** One UID without wildcards: a parent to look below. */
function isNamed(keys: DataSet, tag: Tag): boolean {
  const values = keys.strings(tag).filter((value) => value !== "");
  return values.length === 1 && !/[*?]/.test(values[0] ?? "");
}

async function* bySeries(source: ImageSource, query: Query, options: CallOptions): AsyncGenerator<DataSet> {
  const studies = only(query.keys, (tag) => studyTags.has(tag));
  for await (const study of source.find({ level: "STUDY", keys: withUid(studies, studyUid) }, options)) {
    const uid = study.string(studyUid);
    if (uid === undefined) continue;
    const keys = only(query.keys, (tag) => !studyTags.has(tag) || tag === timezone).with(studyUid, uid);
    for await (const series of source.find({ level: "SERIES", keys }, options)) {
      yield above(study, query.keys).merge(series).with(studyUid, uid);
    }
  }
}

async function* byInstance(source: ImageSource, query: Query, options: CallOptions): AsyncGenerator<DataSet> {
  const parents = only(query.keys, (tag) => studyTags.has(tag) || seriesTags.has(tag));
  const series: Query = { level: "SERIES", keys: withUid(withUid(parents, studyUid), seriesUid) };
  for await (const parent of findBelow(source, series, options)) {
    const study = parent.string(studyUid) ?? query.keys.string(studyUid);
    const uid = parent.string(seriesUid);
    if (study === undefined || uid === undefined) continue;
    const own = only(query.keys, (tag) => !studyTags.has(tag) && !seriesTags.has(tag));
    const keys = own.with(studyUid, study).with(seriesUid, uid);
    for await (const instance of source.find({ level: "IMAGE", keys }, options)) {
      yield above(parent, query.keys).merge(instance).with(studyUid, study).with(seriesUid, uid);
    }
  }
}

function only(keys: DataSet, isWanted: (tag: Tag) => boolean): DataSet {
  return DataSet.fromElements(keys.elements.filter(({ tag }) => isWanted(tag)));
}

function withUid(keys: DataSet, tag: Tag): DataSet {
  return keys.has(tag) ? keys : keys.with(tag, "");
}

/** What was asked of a match further up. */
function above(match: DataSet, keys: DataSet): DataSet {
  const elements = match.elements.filter(
    ({ tag, isEmpty }) => !isEmpty && (keys.has(tag) || tag === 0x00080005),
  );
  return DataSet.fromElements(elements);
}

async function* paged(
  matches: AsyncIterable<DataSet>,
  { limit, offset = 0 }: Query,
): AsyncGenerator<DataSet> {
  let seen = 0;
  for await (const match of matches) {
    if (limit !== undefined && seen >= offset + limit) return;
    if (seen++ >= offset) yield match;
  }
}
