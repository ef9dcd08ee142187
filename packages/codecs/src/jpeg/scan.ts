/** Coefficients of one scan: sequential and progressive, ITU-T T.81 F.2 and G.2. */
import { BitReader } from "./bit-reader.ts";
import type { HuffmanTable } from "./huffman.ts";
import { invalidJpeg } from "./invalid.ts";

export interface Component {
  readonly id: number;
  readonly h: number;
  readonly v: number;
  readonly quantization: number;
  /** Blocks that the component's own samples need, and that whole MCUs have. */
  readonly blocksWide: number;
  readonly blocksHigh: number;
  readonly paddedWide: number;
  readonly coefficients: Int16Array;
  dcTable: HuffmanTable | undefined;
  acTable: HuffmanTable | undefined;
  prediction: number;
}

export interface ScanParameters {
  readonly components: readonly Component[];
  readonly isProgressive: boolean;
  readonly spectralStart: number;
  readonly spectralEnd: number;
  readonly successiveHigh: number;
  readonly successiveLow: number;
  readonly restartInterval: number;
  readonly mcusWide: number;
  readonly mcusHigh: number;
}

/** From zigzag order to rows. */
export const zigzag = Uint8Array.from([
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46,
  53, 60, 61, 54, 47, 55, 62, 63,
]);

/** @returns where the entropy-coded data ended */
export function decodeScan(bytes: Uint8Array, at: number, scan: ScanParameters): number {
  const decoder = new ScanDecoder(new BitReader(bytes, at), scan);
  return decoder.run();
}

class ScanDecoder {
  readonly #bits: BitReader;
  readonly #scan: ScanParameters;
  /** Blocks that are still without new coefficients (T.81 G.1.2.2). */
  #endOfBandRun = 0;
  readonly #block: (component: Component, offset: number) => void;

  constructor(bits: BitReader, scan: ScanParameters) {
    this.#bits = bits;
    this.#scan = scan;
    this.#block = this.#blockDecoder();
  }

  run(): number {
    const { components, mcusWide, mcusHigh, restartInterval } = this.#scan;
    const [only] = components;
    const isSingle = components.length === 1 && only !== undefined;
    const wide = isSingle ? only.blocksWide : mcusWide;
    const total = isSingle ? only.blocksWide * only.blocksHigh : mcusWide * mcusHigh;
    this.#reset();
    for (let mcu = 0; mcu < total; mcu++) {
      if (restartInterval > 0 && mcu > 0 && mcu % restartInterval === 0) {
        this.#bits.restart();
        this.#reset();
      }
      const row = Math.floor(mcu / wide);
      const column = mcu % wide;
      if (isSingle) this.#block(only, (row * only.paddedWide + column) * 64);
      else this.#mcu(row, column);
    }
    return this.#bits.at;
  }

  #blockDecoder(): (component: Component, offset: number) => void {
    const { isProgressive, spectralStart, successiveHigh } = this.#scan;
    if (!isProgressive) return (component, offset) => this.#sequential(component, offset);
    if (spectralStart === 0) {
      return successiveHigh === 0
        ? (component, offset) => this.#dcFirst(component, offset)
        : (component, offset) => this.#dcRefine(component, offset);
    }
    return successiveHigh === 0
      ? (component, offset) => this.#acFirst(component, offset)
      : (component, offset) => this.#acRefine(component, offset);
  }

  #mcu(row: number, column: number): void {
    for (const component of this.#scan.components) {
      for (let y = 0; y < component.v; y++) {
        for (let x = 0; x < component.h; x++) {
          const block = (row * component.v + y) * component.paddedWide + column * component.h + x;
          this.#block(component, block * 64);
        }
      }
    }
  }

  #reset(): void {
    for (const component of this.#scan.components) component.prediction = 0;
    this.#endOfBandRun = 0;
  }

  #difference(component: Component): number {
    const size = dc(component).read(this.#bits);
    if (size > 16) throw invalidJpeg("a DC difference is too large");
    component.prediction += this.#bits.signed(size);
    return component.prediction;
  }

  #sequential(component: Component, offset: number): void {
    const { coefficients } = component;
    coefficients[offset] = this.#difference(component);
    const table = ac(component);
    for (let k = 1; k < 64; ) {
      const symbol = table.read(this.#bits);
      const size = symbol & 15;
      const run = symbol >> 4;
      if (size === 0) {
        if (run < 15) return;
        k += 16;
        continue;
      }
      k += run;
      if (k > 63) throw invalidJpeg("a block has too many coefficients");
      coefficients[offset + (zigzag[k] ?? 0)] = this.#bits.signed(size);
      k++;
    }
  }

  #dcFirst(component: Component, offset: number): void {
    component.coefficients[offset] = this.#difference(component) << this.#scan.successiveLow;
  }

  #dcRefine({ coefficients }: Component, offset: number): void {
    coefficients[offset] = (coefficients[offset] ?? 0) | (this.#bits.take(1) << this.#scan.successiveLow);
  }

  #acFirst(component: Component, offset: number): void {
    if (this.#endOfBandRun > 0) {
      this.#endOfBandRun--;
      return;
    }
    const { spectralStart, spectralEnd, successiveLow } = this.#scan;
    const table = ac(component);
    for (let k = spectralStart; k <= spectralEnd; ) {
      const symbol = table.read(this.#bits);
      const size = symbol & 15;
      const run = symbol >> 4;
      if (size === 0) {
        if (run < 15) {
          this.#endOfBandRun = (1 << run) - 1 + this.#bits.take(run);
          return;
        }
        k += 16;
        continue;
      }
      k += run;
      if (k > spectralEnd) throw invalidJpeg("a band has too many coefficients");
      component.coefficients[offset + (zigzag[k] ?? 0)] = this.#bits.signed(size) * (1 << successiveLow);
      k++;
    }
  }

  #acRefine(component: Component, offset: number): void {
    const { spectralStart, spectralEnd, successiveLow } = this.#scan;
    const { coefficients } = component;
    const step = 1 << successiveLow;
    let k = spectralStart;
    if (this.#endOfBandRun === 0) {
      const table = ac(component);
      while (k <= spectralEnd) {
        const symbol = table.read(this.#bits);
        let run = symbol >> 4;
        let value = 0;
        if ((symbol & 15) !== 0) {
          value = this.#bits.take(1) === 1 ? step : -step;
        } else if (run < 15) {
          this.#endOfBandRun = (1 << run) + this.#bits.take(run);
          break;
        }
        // Zeros are counted by the run; coefficients that are there get one bit more on the way.
        while (k <= spectralEnd) {
          const place = offset + (zigzag[k] ?? 0);
          if (coefficients[place] !== 0) this.#refine(coefficients, place, step);
          else if (run-- === 0) {
            if (value !== 0) coefficients[place] = value;
            k++;
            break;
          }
          k++;
        }
      }
    }
    if (this.#endOfBandRun > 0) {
      for (; k <= spectralEnd; k++) {
        const place = offset + (zigzag[k] ?? 0);
        if (coefficients[place] !== 0) this.#refine(coefficients, place, step);
      }
      this.#endOfBandRun--;
    }
  }

  #refine(coefficients: Int16Array, place: number, step: number): void {
    const value = coefficients[place] ?? 0;
    if (this.#bits.take(1) === 1 && (Math.abs(value) & step) === 0)
      coefficients[place] = value + (value > 0 ? step : -step);
  }
}

function dc({ dcTable }: Component): HuffmanTable {
  if (dcTable === undefined) throw invalidJpeg("a scan names a table that is not there");
  return dcTable;
}

function ac({ acTable }: Component): HuffmanTable {
  if (acTable === undefined) throw invalidJpeg("a scan names a table that is not there");
  return acTable;
}
