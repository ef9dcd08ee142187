/** Files that are read by reference and written as streams: the same bytes, whatever the size. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { DataSet } from "../data-set/data-set.ts";
import { bulkData } from "../data-set/element.ts";
import { encodeDataSet, encodeDataSetStream } from "../encoding/writer.ts";
import { TransferSyntax } from "../dictionary/transfer-syntax.ts";
import { decodePart10, encodePart10, encodePart10Stream, type RangeSource, readPart10 } from "./part10.ts";

const root = fileURLToPath(new URL("../../../../fixtures/", import.meta.url));
const names = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter(
    (name) =>
      name.endsWith(".dump.json") &&
      !name.startsWith("malformed") &&
      name !== "no-meta/no_meta.dcm.dump.json",
  )
  .map((name) => name.slice(0, -".dump.json".length))
  .sort();

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

const inMemory = (bytes: Uint8Array): RangeSource => ({
  size: bytes.byteLength,
  read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
});

describe("values left in their source", () => {
  it.each(names)("%s is written as if they had been read", async (name) => {
    const bytes = readFileSync(join(root, name));
    const whole = decodePart10(bytes);
    const left = await readPart10(inMemory(bytes), { bulkThreshold: 64 });
    for (const syntax of [whole.transferSyntaxUid, TransferSyntax.ExplicitVRBigEndian]) {
      // An encapsulated image stays in its syntax.
      if (syntax !== whole.transferSyntaxUid && whole.dataSet.element("PixelData")?.fragments !== undefined)
        continue;
      const expected = encodeDataSet(whole.dataSet, syntax);
      const written = await collect(encodeDataSetStream(left.dataSet, syntax));
      if (syntax === TransferSyntax.DeflatedExplicitVRLittleEndian) continue;
      expect(written.equals(expected), syntax).toBe(true);
    }
  });

  it("are in sequences too, whose lengths count them", async () => {
    const item = {
      ReferencedFrameNumber: "1",
      "(0040,A010)": { vr: "OB" as const, value: bulkData(5, () => once(Buffer.from("abcde"))) },
    };
    const dataSet = DataSet.of({ ContentSequence: [item, item], PatientName: "A" });
    const bytes = await collect(
      encodeDataSetStream(dataSet, TransferSyntax.ExplicitVRLittleEndian, { sequences: "explicit-length" }),
    );
    const again = decodePart10(
      await collect(
        encodePart10Stream({
          dataSet: dataSet.merge(DataSet.of({ SOPClassUID: "1.2", SOPInstanceUID: "1.3" })),
          transferSyntaxUid: TransferSyntax.ExplicitVRLittleEndian,
        }),
      ),
    );
    expect(bytes.byteLength).toBeGreaterThan(0);
    expect(
      again.dataSet
        .items("ContentSequence")
        .map((one) => Buffer.from(one.bytes(0x0040a010) ?? []).toString()),
    ).toEqual(["abcde\0", "abcde\0"]);
  });

  it.each([3, 7])("whose stream gives %i bytes instead of 5 are an error", async (length) => {
    const dataSet = DataSet.of({
      PixelData: { vr: "OB", value: bulkData(5, () => once(new Uint8Array(length))) },
    });
    await expect(
      collect(encodeDataSetStream(dataSet, TransferSyntax.ExplicitVRLittleEndian)),
    ).rejects.toMatchObject({ code: "length-invalid" });
  });

  async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
    yield bytes;
  }
});

describe("file meta information", () => {
  it("follows an edited data set, and is otherwise kept", () => {
    const dataSet = DataSet.of({ SOPClassUID: "1.2.3", SOPInstanceUID: "1.2.3.4" });
    const transferSyntaxUid = TransferSyntax.ExplicitVRLittleEndian;
    const first = decodePart10(encodePart10({ dataSet, transferSyntaxUid }));
    const meta = first.meta
      .with("SourceApplicationEntityTitle", "SCANNER")
      .with("ImplementationVersionName", "OTHER");
    const kept = decodePart10(encodePart10({ dataSet, transferSyntaxUid, meta }));
    expect(kept.meta.string("ImplementationVersionName")).toBe("OTHER");
    const edited = decodePart10(
      encodePart10({
        dataSet: dataSet.with("SOPInstanceUID", "1.2.3.5"),
        transferSyntaxUid: TransferSyntax.ImplicitVRLittleEndian,
        meta,
      }),
    );
    expect(edited.meta.string("MediaStorageSOPInstanceUID")).toBe("1.2.3.5");
    expect(edited.meta.string("TransferSyntaxUID")).toBe(TransferSyntax.ImplicitVRLittleEndian);
    expect(edited.meta.string("SourceApplicationEntityTitle")).toBe("SCANNER");
    expect(edited.meta.string("ImplementationVersionName")).not.toBe("OTHER");
  });
});

describe("a file of 4 GB", () => {
  it("is read, edited and rewritten in less than 128 MB", { timeout: 120_000 }, async () => {
    const length = 0xffff_fffe;
    const transferSyntaxUid = TransferSyntax.ExplicitVRLittleEndian;
    const init = { SOPClassUID: "1.2.3", SOPInstanceUID: "1.2.3.4", PatientName: "Doe^John" };
    const head = encodePart10({ dataSet: DataSet.of(init), transferSyntaxUid });
    const pixelHeader = Buffer.from("e07f10004f570000feffffff", "hex");
    const start = Buffer.concat([head, pixelHeader]);
    const block = new Uint8Array(1 << 20).fill(7);
    let read = 0;
    const source: RangeSource = {
      size: start.byteLength + length,
      read: (offset, count) => {
        read += count;
        return Promise.resolve(
          offset < start.byteLength ? start.subarray(offset, offset + count) : block.subarray(0, count),
        );
      },
    };
    const before = process.memoryUsage().rss;
    let peak = before;
    const file = await readPart10(source, { bulkThreshold: 65_536 });
    expect(read).toBeLessThan(100_000);
    const dataSet = file.dataSet.with("PatientName", "Anonymous");
    let written = 0;
    for await (const chunk of encodePart10Stream({ dataSet, transferSyntaxUid, meta: file.meta })) {
      written += chunk.byteLength;
      peak = Math.max(peak, process.memoryUsage().rss);
    }
    expect(written).toBe(source.size + "Anonymous ".length - "Doe^John".length);
    expect(peak - before).toBeLessThan(128 * 1024 * 1024);
  });
});
