/**
 * The objects of a JSON array, one by one as their text arrives: an answer of ten thousand instances is never held
 * whole. Only the array is looked at; whether each object is JSON shows when it is parsed.
 */
import { DicomwebError } from "./errors.ts";

/** One instance's metadata; enhanced multi-frame images have some megabytes. */
const maximumObjectLength = 256 * 1024 * 1024;

/** @throws DicomwebError `web-response-invalid` */
export async function* jsonObjects(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8");
  let text = "";
  let at = 0;
  let start = -1;
  let depth = 0;
  let isQuoted = false;
  let hasArray = false;
  let isEnded = false;
  for await (const chunk of chunks) {
    text += decoder.decode(chunk, { stream: true });
    for (; at < text.length; at++) {
      const char = text.charCodeAt(at);
      if (isQuoted) {
        if (char === 0x5c) at++;
        else if (char === 0x22) isQuoted = false;
      } else if (char === 0x22) isQuoted = true;
      else if (char === 0x7b || char === 0x5b) {
        if (depth === 0 && (char !== 0x5b || hasArray)) throw invalid();
        if (depth === 1 && char === 0x7b) start = at;
        depth++;
        hasArray = true;
      } else if (char === 0x7d || char === 0x5d) {
        depth--;
        if (depth === 1 && start >= 0) {
          yield text.slice(start, at + 1);
          text = text.slice(at + 1);
          at = -1;
          start = -1;
        }
        if (depth === 0) isEnded = true;
      }
    }
    if (start < 0) {
      text = "";
      at = 0;
    } else if (text.length > maximumObjectLength) throw invalid();
  }
  if (!isEnded) throw invalid();
}

function invalid(): DicomwebError {
  return new DicomwebError("web-response-invalid", "The answer is no JSON array of objects.");
}
