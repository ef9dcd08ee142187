/**
 * Keys of elements: tags always, keywords once a dictionary is there. It is handed in, because it is several times the
 * size of a parser, and a program that reads headers by tag need not carry it.
 */
import { DicomError } from "../errors.ts";
import { type Tag, tagFromText } from "../tag.ts";
import type { Key } from "./types.ts";

let tagOfKeyword: ((keyword: string) => Tag | undefined) | undefined;

/** Called by dictionary/register.ts. */
export function useKeywords(lookUp: (keyword: string) => Tag | undefined): void {
  tagOfKeyword = lookUp;
}

/** @throws DicomError `keyword-unknown` */
export function tagForKey(key: Key): Tag {
  if (typeof key === "number") return key;
  const tag = tagOfKeyword?.(key) ?? tagFromText(key);
  if (tag !== undefined) return tag;
  const why =
    tagOfKeyword === undefined ? " here: without the dictionary of @isocenter/dicom only tags are" : "";
  throw new DicomError("keyword-unknown", `"${key}" is not a DICOM keyword or tag${why}.`);
}
