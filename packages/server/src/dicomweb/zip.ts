/**
 * A zip archive as a stream (PKWARE APPNOTE 6.3.10), for studies and series as one file.
 *
 * Entries are stored, not compressed: images are compressed already or hardly are, and a CRC alone keeps pace with the
 * disk. Sizes follow each entry in a data descriptor, as nothing is read twice; 64-bit fields are used throughout,
 * because a study passes 4 GB sooner than 65,535 files.
 */
export interface ZipEntry {
  /** Path inside the archive, with forward slashes. */
  readonly name: string;
  readonly bytes: () => AsyncIterable<Uint8Array>;
}

interface Written {
  readonly name: Uint8Array;
  readonly crc: number;
  readonly size: number;
  readonly offset: number;
}

const encoder = new TextEncoder();
/** UTF-8 names, and sizes behind the data. */
const flags = 0x0808;
/** Needed to extract: 4.5, the version with 64-bit sizes. */
const version = 45;
/** 1 January 1980: when an archive was made says nothing of its images. */
const date = 0x0021;

export async function* zipStream(entries: AsyncIterable<ZipEntry>): AsyncGenerator<Uint8Array> {
  const written: Written[] = [];
  let offset = 0;
  for await (const entry of entries) {
    const name = encoder.encode(entry.name);
    const header = localHeader(name);
    yield header;
    let crc = 0;
    let size = 0;
    for await (const chunk of entry.bytes()) {
      crc = crc32(chunk, crc);
      size += chunk.byteLength;
      yield chunk;
    }
    const descriptor = dataDescriptor(crc, size);
    yield descriptor;
    written.push({ name, crc, size, offset });
    offset += header.byteLength + size + descriptor.byteLength;
  }
  let directoryLength = 0;
  for (const one of written) {
    const record = directoryRecord(one);
    directoryLength += record.byteLength;
    yield record;
  }
  yield endOfDirectory(written.length, directoryLength, offset);
}

/** Little-endian fields, by their sizes. */
function fields(...values: readonly (readonly [size: 2 | 4 | 8, value: number])[]): Uint8Array {
  const bytes = new Uint8Array(values.reduce((sum, [size]) => sum + size, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [size, value] of values) {
    if (size === 2) view.setUint16(at, value, true);
    else if (size === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += size;
  }
  return bytes;
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}

/** APPNOTE 4.3.7. The 64-bit extra field says that the descriptor's sizes have 8 bytes (4.3.9.2). */
function localHeader(name: Uint8Array): Uint8Array {
  const head = fields(
    [4, 0x04034b50],
    [2, version],
    [2, flags],
    [2, 0],
    [2, 0],
    [2, date],
    [4, 0],
    [4, 0xffffffff],
    [4, 0xffffffff],
    [2, name.byteLength],
    [2, 20],
  );
  return concat(head, name, fields([2, 0x0001], [2, 16], [8, 0], [8, 0]));
}

/** APPNOTE 4.3.9. */
function dataDescriptor(crc: number, size: number): Uint8Array {
  return fields([4, 0x08074b50], [4, crc], [8, size], [8, size]);
}

/** APPNOTE 4.3.12. */
function directoryRecord({ name, crc, size, offset }: Written): Uint8Array {
  const head = fields(
    [4, 0x02014b50],
    [2, version],
    [2, version],
    [2, flags],
    [2, 0],
    [2, 0],
    [2, date],
    [4, crc],
    [4, 0xffffffff],
    [4, 0xffffffff],
    [2, name.byteLength],
    [2, 28],
    [2, 0],
    [2, 0],
    [2, 0],
    [4, 0],
    [4, 0xffffffff],
  );
  return concat(head, name, fields([2, 0x0001], [2, 24], [8, size], [8, size], [8, offset]));
}

/** APPNOTE 4.3.14 to 4.3.16. */
function endOfDirectory(count: number, length: number, offset: number): Uint8Array {
  return concat(
    fields([4, 0x06064b50], [8, 44], [2, version], [2, version], [4, 0], [4, 0]),
    fields([8, count], [8, count], [8, length], [8, offset]),
    fields([4, 0x07064b50], [4, 0], [8, offset + length], [4, 1]),
    fields([4, 0x06054b50], [2, 0], [2, 0], [2, 0xffff], [2, 0xffff]),
    fields([4, 0xffffffff], [4, 0xffffffff], [2, 0]),
  );
}

/** Eight tables, so that eight bytes take one step. */
const tables = ((): readonly Uint32Array[] => {
  const first = new Uint32Array(256);
  for (let index = 0; index < 256; index++) {
    let value = index;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    first[index] = value;
  }
  const all = [first];
  for (let table = 1; table < 8; table++) {
    const before = all[table - 1] ?? first;
    all.push(before.map((value) => (value >>> 8) ^ (first[value & 0xff] ?? 0)));
  }
  return all;
})();

/** @param crc of the bytes before, 0 at the start */
export function crc32(bytes: Uint8Array, crc: number): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as unknown as readonly [
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ];
  let value = ~crc;
  let at = 0;
  for (const end = bytes.length - 7; at < end; at += 8) {
    const low =
      value ^
      ((bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24));
    value =
      (t7[low & 0xff] as number) ^
      (t6[(low >>> 8) & 0xff] as number) ^
      (t5[(low >>> 16) & 0xff] as number) ^
      (t4[low >>> 24] as number) ^
      (t3[bytes[at + 4] as number] as number) ^
      (t2[bytes[at + 5] as number] as number) ^
      (t1[bytes[at + 6] as number] as number) ^
      (t0[bytes[at + 7] as number] as number);
  }
  for (; at < bytes.length; at++)
    value = (value >>> 8) ^ (t0[(value ^ (bytes[at] as number)) & 0xff] as number);
  return ~value >>> 0;
}
