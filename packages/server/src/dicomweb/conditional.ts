/** Entity tags, If-None-Match and Range (RFC 9110 8.8.3, 13.1.2, 14.2). */
import { WebProblem } from "./problem.ts";

export async function tagOfBytes(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-1", bytes as BufferSource));
  return quoted(Array.from(digest.subarray(0, 12), (byte) => byte.toString(16).padStart(2, "0")).join(""));
}

/** From anything that changes with the content; characters that may not stand in a tag are dropped. */
export function quoted(version: string): string {
  return `"${version.replace(/[^\x21\x23-\x7e]/g, "")}"`;
}

export function isUnchanged(request: Request, etag: string): boolean {
  const header = request.headers.get("if-none-match");
  if (header === null) return false;
  if (header.trim() === "*") return true;
  return header.split(",").some((one) => one.trim().replace(/^W\//, "") === etag);
}

export interface BytesRange {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

/**
 * One range of bytes. Several are answered with the whole, as RFC 9110 14.2 allows.
 * @returns undefined when the whole is wanted
 * @throws WebProblem 416 when none of the bytes are there
 */
export function rangeOf(request: Request, size: number, etag: string): BytesRange | undefined {
  const header = request.headers.get("range");
  const match = header === null ? null : /^bytes=(\d*)-(\d*)$/.exec(header.trim());
  if (match === null) return undefined;
  const ifRange = request.headers.get("if-range");
  if (ifRange !== null && ifRange !== etag) return undefined;
  const [, first = "", last = ""] = match;
  if (first === "" && last === "") return undefined;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
  if (start >= size || start >= end) {
    throw new WebProblem(416, "parameter-invalid", "The range lies behind the end of the resource.", {
      headers: { "content-range": `bytes */${size}` },
    });
  }
  return { start, end };
}
