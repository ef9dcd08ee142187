/** Dequantisation and inverse DCT of 8 × 8 blocks, ITU-T T.81 A.3.3, in floating point. */

/** cos((2x + 1) u π / 16) C(u) / 2, by u and x. */
const basis = Float64Array.from({ length: 64 }, (_, index) => {
  const u = index >> 3;
  const x = index & 7;
  return (Math.cos(((2 * x + 1) * u * Math.PI) / 16) * (u === 0 ? Math.SQRT1_2 : 1)) / 2;
});
const rows = new Float64Array(64);

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
  const middle = 1 << (precision - 1);
  const most = (1 << precision) - 1;
  for (let v = 0; v < 8; v++) transformRow(coefficients, offset + v * 8, quantization, v * 8);
  for (let x = 0; x < 8; x++) {
    for (let y = 0; y < 8; y++) {
      let sum = 0;
      for (let v = 0; v < 8; v++) sum += (rows[v * 8 + x] ?? 0) * (basis[v * 8 + y] ?? 0);
      const value = Math.round(sum) + middle;
      out[at + y * stride + x] = value < 0 ? 0 : value > most ? most : value;
    }
  }
}

function transformRow(
  coefficients: Int16Array,
  offset: number,
  quantization: Uint16Array,
  row: number,
): void {
  rows.fill(0, row, row + 8);
  for (let u = 0; u < 8; u++) {
    const value = coefficients[offset + u] ?? 0;
    // Most coefficients of an image are zero.
    if (value === 0) continue;
    const scaled = value * (quantization[row + u] ?? 0);
    for (let x = 0; x < 8; x++) rows[row + x] = (rows[row + x] ?? 0) + scaled * (basis[u * 8 + x] ?? 0);
  }
}
