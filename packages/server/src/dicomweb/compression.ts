/** Content-Encoding for text (RFC 9110 8.4): metadata shrinks to a tenth; pixels do not, and are left alone. */

type Coding = "zstd" | "gzip";

const codings: readonly Coding[] = supports("zstd") ? ["zstd", "gzip"] : ["gzip"];
const compressible =
  /^(application\/(dicom\+json|dicom\+xml|json|problem\+json|vnd\.sun\.wadl\+xml|xml)|multipart\/related; type="application\/dicom\+xml")/;
/** Below it a packet is a packet. */
const minimumLength = 1024;

/** Runtimes have gzip; a few have more. */
function supports(format: string): boolean {
  try {
    return new CompressionStream(format as CompressionFormat) instanceof CompressionStream;
  } catch {
    return false;
  }
}

export function compressed(request: Request, response: Response): Response {
  const wanted = request.headers.get("accept-encoding");
  if (wanted === null || response.status !== 200 || request.method === "HEAD") return response;
  const coding = codings.find((one) => isAccepted(wanted, one));
  if (coding === undefined || response.body === null) return response;
  const { headers } = response;
  if (!compressible.test(headers.get("content-type") ?? "") || headers.has("content-range")) return response;
  const length = headers.get("content-length");
  if (length !== null && Number(length) < minimumLength) return response;
  const changed = new Headers(headers);
  changed.delete("content-length");
  changed.set("content-encoding", coding);
  // Another representation has another strong tag; a weak one says that they mean the same.
  const etag = headers.get("etag");
  if (etag !== null && !etag.startsWith("W/")) changed.set("etag", `W/${etag}`);
  const stream = new CompressionStream(coding as CompressionFormat) as unknown as ReadableWritablePair<
    Uint8Array,
    Uint8Array
  >;
  // Workers encode a body themselves by its header, unless told that it is done (`encodeBody`); others pass over that.
  const init = { status: 200, headers: changed, encodeBody: "manual" } as ResponseInit;
  return new Response(response.body.pipeThrough(stream), init);
}

function isAccepted(header: string, coding: Coding): boolean {
  for (const part of header.toLowerCase().split(",")) {
    const [name = "", ...parameters] = part.split(";").map((one) => one.trim());
    if (name === coding) return !parameters.some((one) => /^q=0(\.0*)?$/.test(one));
  }
  return false;
}
