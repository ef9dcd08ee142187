/** RLE Lossless, PS3.5 Annex G. Runs do not cross rows, as G.3.1 asks. */
import type { DecodedFrame } from "../decoded-frame.ts";

export function encodeRle({
  bytes,
  rows,
  columns,
  samplesPerPixel,
  bytesPerSample,
}: DecodedFrame): Uint8Array {
  const stride = samplesPerPixel * bytesPerSample;
  const segments: Uint8Array[] = [];
  const row = new Uint8Array(columns);
  for (let sample = 0; sample < samplesPerPixel; sample++) {
    for (let byte = bytesPerSample - 1; byte >= 0; byte--) {
      const out: number[] = [];
      for (let y = 0; y < rows; y++) {
        for (let x = 0; x < columns; x++)
          row[x] = bytes[(y * columns + x) * stride + sample * bytesPerSample + byte] ?? 0;
        packRow(row, out);
      }
      if (out.length % 2 === 1) out.push(0);
      segments.push(Uint8Array.from(out));
    }
  }
  const frame = new Uint8Array(64 + segments.reduce((sum, one) => sum + one.length, 0));
  const view = new DataView(frame.buffer);
  view.setUint32(0, segments.length, true);
  let at = 64;
  segments.forEach((segment, index) => {
    view.setUint32(4 + index * 4, at, true);
    frame.set(segment, at);
    at += segment.length;
  });
  return frame;
}

/** PackBits: runs of three and more are worth a run; what is between them goes literally. */
function packRow(row: Uint8Array, out: number[]): void {
  let at = 0;
  while (at < row.length) {
    const run = runLength(row, at, 128);
    if (run >= 2) {
      out.push(257 - run, row[at] ?? 0);
      at += run;
      continue;
    }
    const start = at;
    while (at < row.length && at - start < 128 && runLength(row, at, 3) < 3) at++;
    out.push(at - start - 1, ...row.subarray(start, at));
  }
}

function runLength(row: Uint8Array, at: number, most: number): number {
  let end = at + 1;
  while (end < row.length && end - at < most && row[end] === row[at]) end++;
  return end - at;
}
