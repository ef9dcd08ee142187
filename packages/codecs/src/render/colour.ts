/** Photometric interpretations to RGB, PS3.3 C.7.6.3.1.2, and palettes, C.7.9. */
import type { DataSet } from "@isocenter/dicom";
import { CodecError } from "../errors.ts";

/** Writes one pixel's red, green and blue. */
export type ToRgb = (a: number, b: number, c: number, out: Uint8ClampedArray, at: number) => void;

const rgb: ToRgb = (a, b, c, out, at) => {
  out[at] = a;
  out[at + 1] = b;
  out[at + 2] = c;
};

/** Full range, by ITU-R BT.601: what every YBR of DICOM but the partial ones is. */
const ybrFull: ToRgb = (y, cb, cr, out, at) => {
  out[at] = y + 1.402 * (cr - 128);
  out[at + 1] = y - 0.344136 * (cb - 128) - 0.714136 * (cr - 128);
  out[at + 2] = y + 1.772 * (cb - 128);
};

const ybrPartial: ToRgb = (y, cb, cr, out, at) => {
  const luma = 1.1644 * (y - 16);
  out[at] = luma + 1.596 * (cr - 128);
  out[at + 1] = luma - 0.3917 * (cb - 128) - 0.8129 * (cr - 128);
  out[at + 2] = luma + 2.0173 * (cb - 128);
};

const converters: Readonly<Record<string, ToRgb>> = {
  RGB: rgb,
  YBR_FULL: ybrFull,
  YBR_FULL_422: ybrFull,
  YBR_ICT: ybrFull,
  YBR_PARTIAL_420: ybrPartial,
  YBR_PARTIAL_422: ybrPartial,
  // A reversible transform is undone by its decoder; samples that still say so are RGB.
  YBR_RCT: rgb,
};

export function toRgb(photometricInterpretation: string): ToRgb {
  const found = converters[photometricInterpretation];
  if (found === undefined) {
    throw new CodecError("codec-unsupported", `Images of ${photometricInterpretation} cannot be shown.`);
  }
  return found;
}

/** Red, green and blue of each value, in 8 bits. */
export interface Palette {
  readonly firstMapped: number;
  readonly red: Uint8Array;
  readonly green: Uint8Array;
  readonly blue: Uint8Array;
}

/** @throws CodecError `codestream-invalid` when the palette is missing or damaged */
export function paletteOf(dataSet: DataSet): Palette {
  const [, first = 0] = dataSet.numbers("RedPaletteColorLookupTableDescriptor");
  const isSigned = dataSet.number("PixelRepresentation") === 1;
  return {
    firstMapped: isSigned && first > 32_767 ? first - 65_536 : first,
    red: channel(dataSet, "Red"),
    green: channel(dataSet, "Green"),
    blue: channel(dataSet, "Blue"),
  };
}

function channel(dataSet: DataSet, colour: "Red" | "Green" | "Blue"): Uint8Array {
  const [entries = 0, , bits = 16] = dataSet.numbers(`${colour}PaletteColorLookupTableDescriptor`);
  const count = entries === 0 ? 65_536 : entries;
  const plain = dataSet.numbers(`${colour}PaletteColorLookupTableData`);
  const segmented = dataSet.numbers(`Segmented${colour}PaletteColorLookupTableData`);
  if (plain.length === 0 && segmented.length === 0) throw invalid("it is missing");
  const values = plain.length > 0 ? plain : expanded(segmented, count);
  // 8-bit entries are packed two to a word by some writers.
  if (bits === 8 && plain.length > 0 && plain.length < count) {
    return Uint8Array.from(
      { length: count },
      (_, index) => ((plain[index >> 1] ?? 0) >> ((index & 1) * 8)) & 0xff,
    );
  }
  const shift = bits > 8 && values.some((value) => value > 255) ? 8 : 0;
  return Uint8Array.from(
    { length: count },
    (_, index) => (values[Math.min(index, values.length - 1)] ?? 0) >> shift,
  );
}

/** Segments: 0 values as they are, 1 a line from the last value, 2 segments once more (C.7.9.2). */
function expanded(words: readonly number[], count: number): number[] {
  const out: number[] = [];
  const run = (from: number, segments: number, depth: number): void => {
    let at = from;
    for (let done = 0; done < segments && at + 1 < words.length && out.length < count; done++) {
      const kind = words[at] ?? 0;
      const length = words[at + 1] ?? 0;
      if (kind === 0) {
        out.push(...words.slice(at + 2, at + 2 + Math.min(length, count - out.length)));
        at += 2 + length;
      } else if (kind === 1) {
        const start = out.at(-1) ?? 0;
        const end = words[at + 2] ?? 0;
        for (let step = 1; step <= length && out.length < count; step++)
          out.push(Math.round(start + ((end - start) * step) / length));
        at += 3;
      } else if (kind === 2 && depth === 0) {
        // A byte offset of the segments that are repeated.
        run(((words[at + 2] ?? 0) + (words[at + 3] ?? 0) * 0x10000) / 2, length, 1);
        at += 4;
      } else {
        throw invalid("a segment is of an unknown kind");
      }
    }
  };
  run(0, Number.POSITIVE_INFINITY, 0);
  return out;
}

function invalid(what: string): CodecError {
  return new CodecError("codestream-invalid", `The palette cannot be used: ${what}.`);
}
