/** DICOM JSON as text (PS3.18 F): arrays of objects that are serialised already, sent as they come. */
import type { PathUids } from "./resource.ts";

const encoder = new TextEncoder();
/** Objects go out together until they make a chunk that is worth a write. */
const chunkLength = 128 * 1024;

/** A JSON array of objects, in chunks. */
export async function* jsonArray(objects: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  let text = "[";
  let isFirst = true;
  for await (const object of objects) {
    text += isFirst ? object : `,${object}`;
    isFirst = false;
    if (text.length < chunkLength) continue;
    yield encoder.encode(text);
    text = "";
  }
  yield encoder.encode(`${text}]`);
}

const tags = { study: "0020000D", series: "0020000E", instance: "00080018" } as const;

/**
 * Finds the UIDs that name an instance in its serialised metadata. The same attributes stand in sequences too
 * (Referenced Series Sequence), so nesting is followed; it costs a look at each character up to the last one needed.
 * @param known UIDs that need not be looked for
 */
export function topLevelUids(json: string, known: PathUids = {}): PathUids {
  const found: Record<string, string> = { ...known };
  const wanted = new Map<string, string>();
  for (const [name, tag] of Object.entries(tags)) if (found[name] === undefined) wanted.set(tag, name);
  let depth = 0;
  for (let at = 0; at < json.length && wanted.size > 0; at++) {
    const char = json.charCodeAt(at);
    if (char === 0x7b) depth++;
    else if (char === 0x7d) depth--;
    else if (char === 0x22) {
      const end = stringEnd(json, at);
      if (depth === 1 && end - at === 9 && isWanted(json, at + 1)) {
        const tag = json.slice(at + 1, end);
        const name = wanted.get(tag);
        const [, value] = /^:\{"vr":"UI","Value":\["([^"\\]*)"/.exec(json.slice(end + 1, end + 160)) ?? [];
        if (value !== undefined && name !== undefined) {
          found[name] = value;
          wanted.delete(tag);
        }
      }
      at = end;
    }
  }
  return found;
}

function isWanted(json: string, at: number): boolean {
  return (
    json.startsWith(tags.study, at) || json.startsWith(tags.series, at) || json.startsWith(tags.instance, at)
  );
}

function stringEnd(json: string, quote: number): number {
  for (let end = json.indexOf('"', quote + 1); end >= 0; end = json.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (json.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return json.length;
}
