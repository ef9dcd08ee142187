/** Data sets read into the sender's own memory, which is used again: every byte must be the one that was read. */
import { createHash } from "node:crypto";
import { TransferSyntax } from "@isocenter/dicom";
import { type ByteSource, chunksOf } from "@isocenter/network";
import { describe, expect, it } from "vitest";
import { connectTcp } from "./connect.ts";
import { listenTcp } from "./listen.ts";

const ct = "1.2.840.10008.5.1.4.1.1.2";
const { ExplicitVRLittleEndian } = TransferSyntax;

/** Bytes that differ at every place and between sources. */
function content(size: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = seed * 2654435761;
  for (let at = 0; at < size; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

interface Watched extends ByteSource {
  closed: number;
}

/** @param isAsync whether reads take a turn of the event loop */
function source(bytes: Uint8Array, isAsync: boolean, size = bytes.byteLength): Watched {
  const fill = (views: readonly Uint8Array[], position: number): number => {
    let at = position;
    for (const view of views) {
      const piece = bytes.subarray(at, at + view.byteLength);
      view.set(piece);
      at += piece.byteLength;
    }
    return at - position;
  };
  return {
    size,
    closed: 0,
    read: (views, position) =>
      isAsync
        ? new Promise((resolve) => setImmediate(() => resolve(fill(views, position))))
        : fill(views, position),
    close() {
      this.closed++;
    },
  };
}

const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

async function withReceiver(
  maximumPduLength: number,
  use: (port: number, got: Map<string, string>) => Promise<void>,
): Promise<void> {
  const got = new Map<string, string>();
  await using server = await listenTcp(0, {
    maximumPduLength,
    services: {
      storage: {
        sopClasses: "any",
        async onStore(bytes, { affectedSopInstanceUid }) {
          const hash = createHash("sha256");
          for await (const chunk of bytes) {
            hash.update(chunk);
            // Slower than the sender now and then, so that it is held up.
            if (chunk.byteLength > 60_000) await new Promise((resolve) => setImmediate(resolve));
          }
          got.set(affectedSopInstanceUid, hash.digest("hex"));
          return 0;
        },
      },
    },
  });
  await use(server.port, got);
}

const connect = (port: number, invoked = 1) =>
  connectTcp("127.0.0.1", port, {
    callingAeTitle: "SCU",
    calledAeTitle: "SCP",
    contexts: [{ abstractSyntaxUid: ct, transferSyntaxUids: [ExplicitVRLittleEndian] }],
    asynchronousOperations: { invoked, performed: 1 },
  });

describe("a data set that is read into PDUs", () => {
  it.each([64, 4096, 16_384, 131_072, 0])(
    "arrives as it is, with PDUs of at most %i bytes",
    async (maximum) => {
      const fragment = maximum === 0 ? 262_144 : maximum - 6;
      const sizes = [
        1,
        2,
        fragment - 1,
        fragment,
        fragment + 1,
        3 * fragment,
        1_048_575,
        1_048_576,
        1_100_001,
      ];
      if (maximum > 64 || maximum === 0) sizes.push(5_000_000);
      await withReceiver(maximum, async (port, got) => {
        const association = await connect(port);
        for (const isAsync of [false, true]) {
          for (const [index, size] of sizes.entries()) {
            const bytes = content(size, index + 1);
            const one = source(bytes, isAsync);
            const sopInstanceUid = `1.2.${size}.${isAsync ? 1 : 2}`;
            const instance = { sopClassUid: ct, sopInstanceUid, transferSyntaxUid: ExplicitVRLittleEndian };
            await association.store({ ...instance, dataSet: one });
            expect(got.get(sopInstanceUid)).toBe(digest(bytes));
            expect(one.closed).toBe(1);
          }
        }
        await association.release();
      });
    },
  );

  it("arrives as it is when many are under way, small ones and others among them", async () => {
    await withReceiver(32_768, async (port, got) => {
      const association = await connect(port, 8);
      const all = Array.from({ length: 60 }, (_, index) =>
        content([700, 40_000, 1_500_000][index % 3] ?? 0, index),
      );
      await Promise.all(
        all.map((bytes, index) =>
          association.store({
            sopClassUid: ct,
            sopInstanceUid: `1.2.${index}`,
            transferSyntaxUid: ExplicitVRLittleEndian,
            dataSet: index % 5 === 0 ? bytes : source(bytes, index % 2 === 0),
          }),
        ),
      );
      expect(all.map((_, index) => got.get(`1.2.${index}`))).toEqual(all.map(digest));
      await association.release();
    });
  });

  it("that ends early breaks the association off, rather than sending something else", async () => {
    await withReceiver(16_384, async (port, got) => {
      const association = await connect(port);
      const short = source(content(50_000, 1), false, 2_000_000);
      const stored = association.store({
        sopClassUid: ct,
        sopInstanceUid: "1.2.3",
        transferSyntaxUid: ExplicitVRLittleEndian,
        dataSet: short,
      });
      await expect(stored).rejects.toThrow("ended after");
      await association.closed;
      expect(short.closed).toBe(1);
      expect(got.size).toBe(0);
    });
  });

  it("can be read in chunks by who has to look at it", async () => {
    const bytes = content(600_001, 7);
    const one = source(bytes, true);
    const chunks: Uint8Array[] = [];
    for await (const chunk of chunksOf(one)) chunks.push(chunk);
    expect(digest(Buffer.concat(chunks))).toBe(digest(bytes));
    expect(one.closed).toBe(1);
  });
});
