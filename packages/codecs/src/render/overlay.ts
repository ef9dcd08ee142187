/** Overlay planes, PS3.3 C.9.2: bits over the image, in groups 6000 to 601E. */
import type { DataSet } from "@isocenter/dicom";

/** Drawn in white, which shows on most of an image. */
const colour = [255, 255, 255] as const;

export function drawOverlays(
  rgba: Uint8ClampedArray,
  width: number,
  height: number,
  dataSet: DataSet,
  frame: number,
): void {
  for (let group = 0x6000; group <= 0x601e; group += 2) {
    const base = group * 0x10000;
    const data = dataSet.element(base + 0x3000);
    const rows = dataSet.number(base + 0x0010) ?? 0;
    const columns = dataSet.number(base + 0x0011) ?? 0;
    // Overlays in the unused bits of pixels are retired, and have no data of their own.
    if (data?.raw === undefined || rows === 0 || columns === 0) continue;
    const frames = dataSet.number(base + 0x0015) ?? 1;
    const first = (dataSet.number(base + 0x0051) ?? 1) - 1;
    const index = frames === 1 && first === 0 ? 0 : frame - first;
    if (index < 0 || index >= frames) continue;
    const [top = 1, left = 1] = signed(dataSet.numbers(base + 0x0050));
    draw(
      rgba,
      width,
      height,
      bits(data.raw, data.littleEndian || data.vr === "OB"),
      index * rows * columns,
      rows,
      columns,
      top - 1,
      left - 1,
    );
  }
}

const signed = (values: readonly number[]): number[] =>
  values.map((value) => (value > 32_767 ? value - 65_536 : value));

function bits(bytes: Uint8Array, isLittleEndian: boolean): (index: number) => boolean {
  return (index) => {
    const at = index >> 3;
    return (((bytes[isLittleEndian ? at : at ^ 1] ?? 0) >> (index & 7)) & 1) === 1;
  };
}

function draw(
  rgba: Uint8ClampedArray,
  width: number,
  height: number,
  isSet: (index: number) => boolean,
  from: number,
  rows: number,
  columns: number,
  top: number,
  left: number,
): void {
  for (let y = Math.max(0, -top); y < rows && y + top < height; y++) {
    for (let x = Math.max(0, -left); x < columns && x + left < width; x++) {
      if (isSet(from + y * columns + x)) rgba.set(colour, ((y + top) * width + x + left) * 4);
    }
  }
}
