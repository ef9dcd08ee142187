/** DICOM JSON as text (PS3.18 F): arrays of objects that are serialised already, sent as they come. */

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

/** The value of a top-level UI attribute of a serialised object, without parsing it; see {@link topLevelUids}. */
export interface TopLevelUids {
  readonly study: string | undefined;
  readonly series: string | undefined;
  readonly instance: string | undefined;
}

const study = "0020000D";
const series = "0020000E";
const instance = "00080018";

/**
 * Finds the UIDs that name an instance in its serialised metadata. The same attributes stand in sequences too
 * (Referenced Series Sequence), so nesting is followed; it costs a look at each character up to (0020,000E).
 */
export function topLevelUids(json: string): TopLevelUids {
  const found: Record<string, string | undefined> = {};
  let depth = 0;
  let missing = 3;
  for (let at = 0; at < json.length && missing > 0; at++) {
    const char = json.charCodeAt(at);
    if (char === 0x7b) depth++;
    else if (char === 0x7d) depth--;
    else if (char === 0x22) {
      const end = stringEnd(json, at);
      if (depth === 1 && end - at === 9 && isWanted(json, at + 1)) {
        const name = json.slice(at + 1, end);
        const [, value] = /^:\{"vr":"UI","Value":\["([^"\\]*)"/.exec(json.slice(end + 1, end + 160)) ?? [];
        if (value !== undefined && found[name] === undefined) {
          found[name] = value;
          missing--;
        }
      }
      at = end;
    }
  }
  return { study: found[study], series: found[series], instance: found[instance] };
}

function isWanted(json: string, at: number): boolean {
  return json.startsWith(study, at) || json.startsWith(series, at) || json.startsWith(instance, at);
}

function stringEnd(json: string, quote: number): number {
  for (let end = json.indexOf('"', quote + 1); end >= 0; end = json.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (json.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return json.length;
}
