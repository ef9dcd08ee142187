/** The size a code stream declares, without decoding it: JPEG family (T.81, T.87) and JPEG 2000 family (T.800). */

export interface CodestreamSize {
  readonly rows: number;
  readonly columns: number;
  readonly components: number;
}

/** @returns undefined for what is neither */
export function codestreamSize(bytes: Uint8Array): CodestreamSize | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12) return undefined;
  if (view.getUint16(0) === 0xffd8) return jpegSize(view);
  const at = view.getUint16(0) === 0xff4f ? 0 : boxedCodestream(view);
  return at === undefined ? undefined : jpeg2000Size(view, at);
}

function jpegSize(view: DataView): CodestreamSize | undefined {
  for (let at = 2; at + 9 < view.byteLength; ) {
    if (view.getUint8(at) !== 0xff) return undefined;
    const code = view.getUint8(at + 1);
    if (code === 0xff) {
      at++;
      continue;
    }
    // SOF0 to SOF15 without DHT, JPG and DAC; SOF55 is JPEG-LS.
    const isFrame =
      (code >= 0xc0 && code <= 0xcf && code !== 0xc4 && code !== 0xc8 && code !== 0xcc) || code === 0xf7;
    if (isFrame)
      return {
        rows: view.getUint16(at + 5),
        columns: view.getUint16(at + 7),
        components: view.getUint8(at + 9),
      };
    at += 2 + view.getUint16(at + 2);
  }
  return undefined;
}

/** SIZ stands right after SOC (T.800 A.5.1). */
function jpeg2000Size(view: DataView, at: number): CodestreamSize | undefined {
  if (at + 42 > view.byteLength || view.getUint16(at + 2) !== 0xff51) return undefined;
  const columns = view.getUint32(at + 8) - view.getUint32(at + 16);
  const rows = view.getUint32(at + 12) - view.getUint32(at + 20);
  return { rows, columns, components: view.getUint16(at + 40) };
}

/** Some writers put a whole JP2 file into a fragment: the code stream is in its `jp2c` box. */
function boxedCodestream(view: DataView): number | undefined {
  if (view.getUint32(4) !== 0x6a502020) return undefined;
  for (let at = 0; at + 8 <= view.byteLength; ) {
    const length = view.getUint32(at);
    if (view.getUint32(at + 4) === 0x6a703263) return at + 8;
    if (length < 8) return undefined;
    at += length;
  }
  return undefined;
}
