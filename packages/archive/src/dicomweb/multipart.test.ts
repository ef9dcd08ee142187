import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DicomwebError } from "./errors.ts";
import { boundaryOf, multipartEnd, newBoundary, partHead, readMultipart } from "./multipart.ts";

const text = new TextEncoder();
const bytesOf = (value: string): Uint8Array => text.encode(value);

async function* chunks(bytes: Uint8Array, ...cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const cut of [...cuts, bytes.byteLength]) {
    yield bytes.subarray(from, cut);
    from = cut;
  }
}

interface ReadPart {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

async function read(source: AsyncIterable<Uint8Array>, boundary: string): Promise<ReadPart[]> {
  const parts: ReadPart[] = [];
  for await (const { headers, body } of readMultipart(source, boundary)) {
    let value = "";
    for await (const chunk of body) value += Buffer.from(chunk).toString("latin1");
    parts.push({ headers: Object.fromEntries(headers), body: value });
  }
  return parts;
}

const body = [
  "a preamble\r\n",
  "--b0undary \t\r\nContent-Type: application/dicom\r\nX-Long: a b\r\n\r\nfirst\r\n--b0undaryX is no delimiter\r\n--b0und",
  "\r\n--b0undary\r\n\r\n\r\n\r\r\n-\r\n--",
  "\r\n--b0undary\r\nContent-Location: /x\r\n\r\n",
  "\r\n--b0undary--\r\nan epilogue --b0undary\r\n",
].join("");
const expected: ReadPart[] = [
  {
    headers: { "content-type": "application/dicom", "x-long": "a b" },
    body: "first\r\n--b0undaryX is no delimiter\r\n--b0und",
  },
  { headers: {}, body: "\r\n\r\r\n-\r\n--" },
  { headers: { "content-location": "/x" }, body: "" },
];

describe("a multipart body", () => {
  it("is the same however it is cut in two", async () => {
    const bytes = bytesOf(body);
    for (let cut = 0; cut <= bytes.byteLength; cut++) {
      expect(await read(chunks(bytes, cut), "b0undary"), `cut at ${cut}`).toEqual(expected);
    }
  });

  it("is the same byte by byte", async () => {
    const bytes = bytesOf(body);
    const cuts = Array.from({ length: bytes.byteLength - 1 }, (_, index) => index + 1);
    expect(await read(chunks(bytes, ...cuts), "b0undary")).toEqual(expected);
  });

  it("comes back as it was written, whatever its bytes and cuts", async () => {
    // Bytes that delimiters are made of come often.
    const byte = fc.oneof(fc.constantFrom(13, 10, 45, 98), fc.integer({ min: 0, max: 255 }));
    const part = fc.array(byte, { maxLength: 60 }).map((bytes) => Uint8Array.from(bytes));
    await fc.assert(
      fc.asyncProperty(
        fc.array(part, { minLength: 1, maxLength: 5 }),
        fc.array(fc.nat(600)),
        async (given, cuts) => {
          const boundary = "b";
          const isClear = given.every((bytes) => !Buffer.from(bytes).toString("latin1").includes("\r\n--b"));
          fc.pre(isClear);
          const written = Buffer.concat([
            ...given.flatMap((bytes, index) => [
              partHead(boundary, { "Content-Type": "a/b" }, index === 0),
              bytes,
            ]),
            multipartEnd(boundary),
          ]);
          const places = cuts.map((cut) => cut % (written.length + 1)).sort((a, b) => a - b);
          const parts = await read(chunks(written, ...places), boundary);
          expect(parts.map((one) => one.body)).toEqual(
            given.map((bytes) => Buffer.from(bytes).toString("latin1")),
          );
        },
      ),
      { numRuns: 500 },
    );
  });

  it("passes over what is left of a part when the next is asked for", async () => {
    const seen: string[] = [];
    for await (const part of readMultipart(chunks(bytesOf(body), 90, 130), "b0undary")) {
      seen.push(part.headers.get("content-type") ?? part.headers.get("content-location") ?? "none");
      for await (const _ of part.body) break;
    }
    expect(seen).toEqual(["application/dicom", "none", "/x"]);
  });

  it("ends its source when the reader stops early", async () => {
    let isClosed = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        yield bytesOf("--b\r\n\r\nvalue");
        yield bytesOf("more");
      } finally {
        isClosed = true;
      }
    }
    for await (const _ of readMultipart(source(), "b")) break;
    expect(isClosed).toBe(true);
  });

  it("is an error at every length but the whole", async () => {
    const bytes = bytesOf("--b\r\nA: b\r\n\r\nvalue\r\n--b--");
    for (let length = 0; length < bytes.byteLength; length++) {
      await expect(read(chunks(bytes.subarray(0, length)), "b"), `of ${length} bytes`).rejects.toMatchObject({
        code: "multipart-truncated",
      });
    }
    expect(await read(chunks(bytes), "b")).toHaveLength(1);
  });

  it("stops reading where its headers pass the limit, and not later", async () => {
    let given = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield bytesOf("--b\r\nX: ");
      for (;;) {
        given += 1000;
        yield new Uint8Array(1000).fill(97);
      }
    }
    await expect(read(endless(), "b")).rejects.toMatchObject({ code: "multipart-limit" });
    expect(given).toBeLessThan(20_000);
  });

  it("counts many short headers against the same limit", async () => {
    const many = bytesOf(`--b\r\n${"A: b\r\n".repeat(5000)}\r\nx\r\n--b--`);
    await expect(read(chunks(many), "b")).rejects.toMatchObject({ code: "multipart-limit" });
  });

  it("stops reading where its preamble passes the limit", async () => {
    let given = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        given += 10_000;
        yield new Uint8Array(10_000);
      }
    }
    await expect(read(endless(), "b")).rejects.toMatchObject({ code: "multipart-limit" });
    expect(given).toBeLessThan(100_000);
  });

  it.each([
    ["--b\r\nno colon\r\n\r\nx\r\n--b--", "multipart-invalid"],
    ["--b\r\nA: b\rC: d\r\n\r\nx\r\n--b--", "multipart-invalid"],
    ["--bx\r\n\r\nx\r\n--bx--", "multipart-truncated"],
  ])("refuses %j", async (given, code) => {
    await expect(read(chunks(bytesOf(given)), "b")).rejects.toMatchObject({ code });
  });

  it("keeps a delimiter's line break out of headers that are written", () => {
    const head = Buffer.from(partHead("b", { "Content-Location": "/a\r\nX-Evil: 1" }, true)).toString();
    expect(head).toBe("--b\r\nContent-Location: /aX-Evil: 1\r\n\r\n");
  });
});

describe("a boundary", () => {
  it.each([
    ["multipart/related; boundary=abc", "abc"],
    ['multipart/related; type="application/dicom"; boundary="a b;c"', "a b;c"],
  ])("is read from %s", (contentType, boundary) => {
    expect(boundaryOf(contentType)).toBe(boundary);
  });

  it.each([
    "application/dicom; boundary=abc",
    "multipart/related",
    `multipart/related; boundary=${"a".repeat(201)}`,
    'multipart/related; boundary=""',
  ])("is refused from %s", (contentType) => {
    expect(() => boundaryOf(contentType)).toThrow(DicomwebError);
  });

  it("is new each time, and fits into a header without quotes", () => {
    const [one, other] = [newBoundary(), newBoundary()];
    expect(one).not.toBe(other);
    expect(one).toMatch(/^[0-9A-Za-z-]{1,70}$/);
  });
});
