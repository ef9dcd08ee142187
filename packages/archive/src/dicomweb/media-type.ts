/**
 * Media types with parameters (RFC 9110 8.3.1), and lists of them as Accept has them (12.5.1). Knows nothing of which
 * media types DICOMweb uses.
 */
import { DicomwebError } from "./errors.ts";

export interface MediaType {
  /** `type/subtype` in lower case; may be a range such as `image/*`. */
  readonly type: string;
  /** Names in lower case, values as they are, without quotes. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** A header of this length holds a hundred media types; a longer one is not worth reading. */
const maximumLength = 8192;
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** @throws DicomwebError `media-type-invalid` */
export function parseMediaType(text: string): MediaType {
  const [only, ...more] = parseMediaTypes(text);
  if (only === undefined || more.length > 0) throw invalid();
  return only;
}

/**
 * A comma-separated list, in its order; empty members are passed over.
 * @throws DicomwebError `media-type-invalid`
 */
export function parseMediaTypes(text: string): MediaType[] {
  if (text.length > maximumLength) throw invalid();
  return split(text, ",").flatMap((member) => (member === "" ? [] : [parseOne(member)]));
}

function parseOne(text: string): MediaType {
  const [type = "", ...rest] = split(text, ";");
  const slash = type.indexOf("/");
  if (!token.test(type.slice(0, slash)) || !token.test(type.slice(slash + 1)) || slash < 1) throw invalid();
  const parameters = new Map<string, string>();
  for (const part of rest) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    const name = part.slice(0, equals).trim().toLowerCase();
    if (equals < 1 || !token.test(name)) throw invalid();
    const value = unquoted(part.slice(equals + 1).trim());
    // The first wins: a later one must not change what was already relied on.
    if (!parameters.has(name)) parameters.set(name, value);
  }
  return { type: type.toLowerCase(), parameters };
}

/** Splits where the separator stands outside of quotes; members are trimmed. */
function split(text: string, separator: string): string[] {
  if (!text.includes('"')) return text.split(separator).map((one) => one.trim());
  const members: string[] = [];
  let from = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (isQuoted && char === "\\") at++;
    else if (char === '"') isQuoted = !isQuoted;
    else if (char === separator && !isQuoted) {
      members.push(text.slice(from, at).trim());
      from = at + 1;
    }
  }
  if (isQuoted) throw invalid();
  members.push(text.slice(from).trim());
  return members;
}

function unquoted(text: string): string {
  if (!text.startsWith('"')) return text;
  if (text.length < 2 || !text.endsWith('"')) throw invalid();
  return text.slice(1, -1).replace(/\\(.)/g, "$1");
}

function invalid(): DicomwebError {
  return new DicomwebError("media-type-invalid", "This is not a media type, or not a list of them.");
}
