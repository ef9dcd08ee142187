/**
 * JPEG by DCT, ITU-T T.81: baseline, extended sequential (8 and 12 bit) and progressive, Huffman coded. Components come
 * out as coded, without a colour conversion.
 */
import { nextMarker } from "./bit-reader.ts";
import { HuffmanTable } from "./huffman.ts";
import { invalidJpeg } from "./invalid.ts";
import { inverseDct } from "./inverse-dct.ts";
import { type Component, decodeScan, zigzag } from "./scan.ts";

export interface JpegImage {
  readonly rows: number;
  readonly columns: number;
  /** Bits of a sample. */
  readonly precision: number;
  readonly componentCount: number;
  /** Interleaved pixel by pixel. */
  readonly samples: Uint16Array;
}

interface FrameHeader {
  readonly precision: number;
  readonly rows: number;
  readonly columns: number;
  readonly isProgressive: boolean;
  readonly components: readonly Component[];
  readonly mcusWide: number;
  readonly mcusHigh: number;
  readonly maximumH: number;
  readonly maximumV: number;
}

/** What a start-of-frame marker may be: others are lossless, hierarchical or arithmetically coded. */
const supportedFrames = new Set([0xc0, 0xc1, 0xc2]);

/** The size that a code stream says it has, before anything is allocated for it. */
export interface ExpectedSize {
  readonly rows: number;
  readonly columns: number;
  readonly samplesPerPixel: number;
}

/** @throws CodecError `codestream-invalid` */
export function decodeJpeg(bytes: Uint8Array, expected: ExpectedSize): JpegImage {
  return new JpegDecoder(bytes, expected).run();
}

class JpegDecoder {
  readonly #bytes: Uint8Array;
  readonly #expected: ExpectedSize;
  readonly #quantization: (Uint16Array | undefined)[] = [];
  readonly #dcTables: (HuffmanTable | undefined)[] = [];
  readonly #acTables: (HuffmanTable | undefined)[] = [];
  #restartInterval = 0;
  #frame: FrameHeader | undefined;
  #scans = 0;

  constructor(bytes: Uint8Array, expected: ExpectedSize) {
    this.#bytes = bytes;
    this.#expected = expected;
  }

  run(): JpegImage {
    if (this.#bytes[0] !== 0xff || this.#bytes[1] !== 0xd8)
      throw invalidJpeg("it does not begin as a JPEG code stream");
    let at = 2;
    for (;;) {
      at = nextMarker(this.#bytes, at);
      const code = this.#bytes[at + 1];
      if (code === undefined || code === 0xd9) break;
      // Restart markers and fill have no length.
      if (code === 0x01 || (code >= 0xd0 && code <= 0xd8)) {
        at += 2;
        continue;
      }
      const length = this.#word(at + 2);
      const end = at + 2 + length;
      if (length < 2 || end > this.#bytes.length) throw invalidJpeg("a marker segment is cut short");
      const segment = this.#bytes.subarray(at + 4, end);
      at = code === 0xda ? this.#scan(segment, end) : this.#segment(code, segment, end);
    }
    return this.#image();
  }

  #segment(code: number, segment: Uint8Array, end: number): number {
    if (code === 0xdb) this.#defineQuantization(segment);
    else if (code === 0xc4) this.#defineHuffman(segment);
    else if (code === 0xdd) this.#restartInterval = ((segment[0] ?? 0) << 8) | (segment[1] ?? 0);
    else if (code === 0xcc) throw invalidJpeg("it is arithmetically coded");
    else if (code >= 0xc0 && code <= 0xcf && code !== 0xc8) this.#startFrame(code, segment);
    return end;
  }

  #defineQuantization(segment: Uint8Array): void {
    for (let at = 0; at < segment.length; ) {
      const info = segment[at++] ?? 0;
      const isWide = info >> 4 !== 0;
      if (at + (isWide ? 128 : 64) > segment.length) throw invalidJpeg("a quantization table is cut short");
      const table = new Uint16Array(64);
      for (let index = 0; index < 64; index++) {
        const high = isWide ? (segment[at++] ?? 0) << 8 : 0;
        table[zigzag[index] ?? 0] = high | (segment[at++] ?? 0);
      }
      this.#quantization[info & 15] = table;
    }
  }

  #defineHuffman(segment: Uint8Array): void {
    for (let at = 0; at + 17 <= segment.length; ) {
      const info = segment[at] ?? 0;
      const counts = segment.subarray(at + 1, at + 17);
      const total = counts.reduce((sum, count) => sum + count, 0);
      if (total > 256 || at + 17 + total > segment.length) throw invalidJpeg("a Huffman table is cut short");
      const table = new HuffmanTable(counts, segment.subarray(at + 17, at + 17 + total));
      (info >> 4 === 0 ? this.#dcTables : this.#acTables)[info & 15] = table;
      at += 17 + total;
    }
  }

  #startFrame(code: number, segment: Uint8Array): void {
    if (!supportedFrames.has(code))
      throw invalidJpeg(`its coding process (SOF${code - 0xc0}) is another one`);
    if (this.#frame !== undefined) throw invalidJpeg("it has two frames");
    const precision = segment[0] ?? 0;
    const rows = ((segment[1] ?? 0) << 8) | (segment[2] ?? 0);
    const columns = ((segment[3] ?? 0) << 8) | (segment[4] ?? 0);
    const count = segment[5] ?? 0;
    if (precision !== 8 && precision !== 12) throw invalidJpeg(`its samples have ${precision} bits`);
    const expected = this.#expected;
    if (rows !== expected.rows || columns !== expected.columns || count !== expected.samplesPerPixel) {
      throw invalidJpeg(
        `it is ${columns} × ${rows} with ${count} components, and the data set says ${expected.columns} × ${expected.rows} with ${expected.samplesPerPixel}`,
      );
    }
    if (segment.length < 6 + count * 3) throw invalidJpeg("the frame header is cut short");
    const factors = Array.from({ length: count }, (_, index) => {
      const at = 6 + index * 3;
      const sampling = segment[at + 1] ?? 0;
      return { id: segment[at] ?? 0, h: sampling >> 4, v: sampling & 15, quantization: segment[at + 2] ?? 0 };
    });
    if (factors.some(({ h, v }) => h < 1 || h > 4 || v < 1 || v > 4))
      throw invalidJpeg("a sampling factor is invalid");
    const maximumH = Math.max(...factors.map(({ h }) => h));
    const maximumV = Math.max(...factors.map(({ v }) => v));
    const mcusWide = Math.ceil(columns / (8 * maximumH));
    const mcusHigh = Math.ceil(rows / (8 * maximumV));
    const components = factors.map((factor): Component => {
      const paddedWide = mcusWide * factor.h;
      return {
        ...factor,
        blocksWide: Math.ceil((columns * factor.h) / (8 * maximumH)),
        blocksHigh: Math.ceil((rows * factor.v) / (8 * maximumV)),
        paddedWide,
        coefficients: new Int16Array(paddedWide * mcusHigh * factor.v * 64),
        dcTable: undefined,
        acTable: undefined,
        prediction: 0,
      };
    });
    this.#frame = {
      precision,
      rows,
      columns,
      isProgressive: code === 0xc2,
      components,
      mcusWide,
      mcusHigh,
      maximumH,
      maximumV,
    };
  }

  #scan(segment: Uint8Array, end: number): number {
    const frame = this.#frame;
    if (frame === undefined) throw invalidJpeg("a scan comes before the frame header");
    // Each scan costs a pass over the image: a hostile progressive image could ask for thousands.
    if (++this.#scans > 1000) throw invalidJpeg("it has too many scans");
    const count = segment[0] ?? 0;
    const components = Array.from({ length: count }, (_, index) => {
      const component = frame.components.find(({ id }) => id === segment[1 + index * 2]);
      if (component === undefined) throw invalidJpeg("a scan names a component that is not there");
      const tables = segment[2 + index * 2] ?? 0;
      component.dcTable = this.#dcTables[tables >> 4];
      component.acTable = this.#acTables[tables & 15];
      return component;
    });
    if (count === 0) throw invalidJpeg("a scan has no component");
    const [spectralStart = 0, spectralEnd = 63, successive = 0] = segment.subarray(1 + count * 2);
    if (
      frame.isProgressive &&
      (spectralEnd > 63 || spectralStart > spectralEnd || (spectralStart > 0 && count > 1))
    ) {
      throw invalidJpeg("a scan's band is invalid");
    }
    return decodeScan(this.#bytes, end, {
      components,
      isProgressive: frame.isProgressive,
      spectralStart,
      spectralEnd,
      successiveHigh: successive >> 4,
      successiveLow: successive & 15,
      restartInterval: this.#restartInterval,
      mcusWide: frame.mcusWide,
      mcusHigh: frame.mcusHigh,
    });
  }

  #image(): JpegImage {
    const frame = this.#frame;
    if (frame === undefined || this.#scans === 0) throw invalidJpeg("it has no image");
    const { rows, columns, precision, components, maximumH, maximumV } = frame;
    const samples = new Uint16Array(rows * columns * components.length);
    components.forEach((component, index) => {
      const plane = this.#plane(component, precision, frame.mcusHigh);
      const stride = component.paddedWide * 8;
      if (components.length === 1) {
        for (let y = 0; y < rows; y++) {
          samples.set(plane.subarray(y * stride, y * stride + columns), y * columns);
        }
        return;
      }
      // Where chroma has fewer samples, each stands for several pixels.
      const from = Uint16Array.from({ length: columns }, (_, x) => Math.floor((x * component.h) / maximumH));
      for (let y = 0; y < rows; y++) {
        const row = Math.floor((y * component.v) / maximumV) * stride;
        let target = y * columns * components.length + index;
        for (let x = 0; x < columns; x++, target += components.length) {
          samples[target] = plane[row + (from[x] as number)] as number;
        }
      }
    });
    return { rows, columns, precision, componentCount: components.length, samples };
  }

  #plane(component: Component, precision: number, mcusHigh: number): Uint16Array {
    const table = this.#quantization[component.quantization];
    if (table === undefined) throw invalidJpeg("a quantization table is missing");
    const { paddedWide, coefficients } = component;
    const stride = paddedWide * 8;
    const high = mcusHigh * component.v;
    const plane = new Uint16Array(stride * high * 8);
    for (let block = 0; block < paddedWide * high; block++) {
      const at = Math.floor(block / paddedWide) * 8 * stride + (block % paddedWide) * 8;
      inverseDct(coefficients, block * 64, table, plane, at, stride, precision);
    }
    return plane;
  }

  #word(at: number): number {
    return ((this.#bytes[at] ?? 0) << 8) | (this.#bytes[at + 1] ?? 0);
  }
}
