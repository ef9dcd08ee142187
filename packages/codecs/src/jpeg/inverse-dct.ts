/** Dequantisation and inverse DCT of 8 × 8 blocks, ITU-T T.81 A.3.3: rows, then columns, in floating point. */

/** cos(k π / 16) / 2 */
const [c1, c2, c3, c4, c5, c6, c7] = [1, 2, 3, 4, 5, 6, 7].map((k) => Math.cos((k * Math.PI) / 16) / 2) as [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
];
const block = new Float64Array(64);

/**
 * @param quantization in rows, not in zigzag order
 * @param out samples of the component, `stride` wide
 */
export function inverseDct(
  coefficients: Int16Array,
  offset: number,
  quantization: Uint16Array,
  out: Uint16Array,
  at: number,
  stride: number,
  precision: number,
): void {
  const middle = (1 << (precision - 1)) + 0.5;
  const most = (1 << precision) - 1;
  let isFlat = true;
  for (let index = 0; index < 64; index++) {
    const value = coefficients[offset + index] as number;
    block[index] = value === 0 ? 0 : value * (quantization[index] as number);
    if (value !== 0 && index > 0) isFlat = false;
  }
  if (isFlat) {
    // Most blocks of a smooth image are one value.
    const value = clamped((block[0] as number) / 8 + middle, most);
    for (let y = 0; y < 8; y++) out.fill(value, at + y * stride, at + y * stride + 8);
    return;
  }
  for (let row = 0; row < 64; row += 8) transform(row, 1);
  for (let column = 0; column < 8; column++) transform(column, 8);
  for (let y = 0, index = 0; y < 8; y++) {
    const row = at + y * stride;
    for (let x = 0; x < 8; x++, index++) out[row + x] = clamped((block[index] as number) + middle, most);
  }
}

/** Rounds down: the half is added already. */
function clamped(value: number, most: number): number {
  return value < 0 ? 0 : value > most ? most : value | 0;
}

/** Eight values in place, even and odd frequencies apart: half of the cosines are the other half's negatives. */
function transform(start: number, step: number): void {
  const f0 = block[start] as number;
  const f1 = block[start + step] as number;
  const f2 = block[start + 2 * step] as number;
  const f3 = block[start + 3 * step] as number;
  const f4 = block[start + 4 * step] as number;
  const f5 = block[start + 5 * step] as number;
  const f6 = block[start + 6 * step] as number;
  const f7 = block[start + 7 * step] as number;
  const p0 = (f0 + f4) * c4;
  const p1 = (f0 - f4) * c4;
  const p2 = f2 * c6 - f6 * c2;
  const p3 = f2 * c2 + f6 * c6;
  const e0 = p0 + p3;
  const e1 = p1 + p2;
  const e2 = p1 - p2;
  const e3 = p0 - p3;
  const o0 = f1 * c1 + f3 * c3 + f5 * c5 + f7 * c7;
  const o1 = f1 * c3 - f3 * c7 - f5 * c1 - f7 * c5;
  const o2 = f1 * c5 - f3 * c1 + f5 * c7 + f7 * c3;
  const o3 = f1 * c7 - f3 * c5 + f5 * c3 - f7 * c1;
  block[start] = e0 + o0;
  block[start + step] = e1 + o1;
  block[start + 2 * step] = e2 + o2;
  block[start + 3 * step] = e3 + o3;
  block[start + 4 * step] = e3 - o3;
  block[start + 5 * step] = e2 - o2;
  block[start + 6 * step] = e1 - o1;
  block[start + 7 * step] = e0 - o0;
}
