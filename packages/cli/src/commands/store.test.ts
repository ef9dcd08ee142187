/** `isocenter store` against scripted receivers: tries again, halts, several at a time, re-encodes. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataSet, encodePart10, TransferSyntax } from "@isocenter/dicom";
import { Status, type StatusAnswer, type StorageService, type StoreRequest } from "@isocenter/network";
import { listenTcp } from "@isocenter/network/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../main.ts";

const count = 6;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "isocenter-store-"));
  for (let index = 0; index < count; index++) {
    const dataSet = DataSet.of({
      SOPClassUID: "1.2.840.10008.5.1.4.1.1.2",
      SOPInstanceUID: `1.2.3.${index}`,
      PatientName: "Roe^Richard",
      PixelData: { vr: "OW", value: new Uint8Array(100_000) },
    });
    const file = encodePart10({ dataSet, transferSyntaxUid: TransferSyntax.ExplicitVRLittleEndian });
    await writeFile(join(folder, `${index}.dcm`), file);
  }
  await writeFile(join(folder, "notes.txt"), "not DICOM");
});
afterAll(() => rm(folder, { recursive: true }));

interface Receiver {
  readonly answer?: (request: StoreRequest, attempt: number) => StatusAnswer | Promise<StatusAnswer>;
  readonly storage?: Partial<StorageService>;
}

async function stored({ answer = () => Status.Success, storage = {} }: Receiver, ...args: string[]) {
  const attempts = new Map<string, number>();
  const windows: number[] = [];
  const requests: StoreRequest[] = [];
  let [associations, underWay, most] = [0, 0, 0];
  await using server = await listenTcp(0, {
    services: {
      storage: {
        sopClasses: "any",
        ...storage,
        async onStore(bytes, request, { association }) {
          most = Math.max(most, ++underWay);
          windows.push(association.asynchronousOperations.performed);
          requests.push(request);
          for await (const _ of bytes) void _;
          const attempt = (attempts.get(request.affectedSopInstanceUid) ?? 0) + 1;
          attempts.set(request.affectedSopInstanceUid, attempt);
          const result = await answer(request, attempt);
          underWay--;
          return result;
        },
      },
    },
    onAccepted: () => void associations++,
  });
  const [out, err]: [string[], string[]] = [[], []];
  const code = await run(["store", `127.0.0.1:${server.port}`, folder, ...args], {
    stdout: { write: (text) => out.push(text) },
    stderr: { write: (text) => err.push(text) },
    signal: new AbortController().signal,
    env: { HOME: folder },
  });
  return {
    code,
    stdout: out.join(""),
    stderr: err.join(""),
    attempts,
    windows,
    requests,
    associations,
    most,
  };
}

const once = ({ affectedSopInstanceUid: uid }: StoreRequest, attempt: number): number =>
  uid === "1.2.3.2" && attempt === 1 ? Status.OutOfResources : Status.Success;

describe("an instance that fails", () => {
  it("is tried once more, and only then counted", async () => {
    const { code, stdout, stderr, attempts } = await stored({ answer: once });
    expect(stdout).toBe("6 stored, 1 not DICOM, skipped\n");
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(attempts.get("1.2.3.2")).toBe(2);
    expect(attempts.get("1.2.3.3")).toBe(1);
  });

  it("is not, when that was not wanted", async () => {
    const { code, stdout, stderr } = await stored({ answer: once }, "--no-retry");
    expect(stdout).toMatch(/^5 stored, 1 failed/);
    expect(stderr).toMatch(/2\.dcm: A700H/);
    expect(stderr).not.toContain("Roe");
    expect(code).toBe(1);
  });

  it("is not, when it cannot help", async () => {
    const answer = () => Status.CannotUnderstand;
    const { attempts, code } = await stored({ answer });
    expect([...attempts.values()]).toEqual(Array.from({ length: count }, () => 1));
    expect(code).toBe(1);
  });

  it("is the last with --halt, beside one that is under way already", async () => {
    const answer = () => Status.CannotUnderstand;
    const { stdout, attempts } = await stored({ answer }, "--halt");
    expect(attempts.size).toBeLessThanOrEqual(2);
    expect(stdout).toMatch(/^0 stored, [12] failed/);
  });
});

describe("several at a time", () => {
  it("over as many associations as were asked for", async () => {
    const slow = () => new Promise<number>((resolve) => setImmediate(() => resolve(Status.Success)));
    const { associations, stdout } = await stored({ answer: slow }, "--parallel", "3");
    expect(associations).toBe(3);
    expect(stdout).toMatch(/^6 stored/);
  });

  it("goes on over one where the peer has no room for more, and asks once", async () => {
    let refused = 0;
    let accepted = 0;
    const server = await listenTcp(0, {
      services: {
        storage: {
          sopClasses: "any",
          async onStore(bytes) {
            for await (const _ of bytes) void _;
            return Status.Success;
          },
        },
      },
      authorize: () => ++accepted === 1 || refused++ < 0,
    });
    const out: string[] = [];
    const many = Array.from({ length: 20 }, () => folder);
    const code = await run(["store", `127.0.0.1:${server.port}`, ...many, "--parallel", "2"], {
      stdout: { write: (text) => out.push(text) },
      stderr: { write: (text) => out.push(text) },
      signal: new AbortController().signal,
      env: { HOME: folder },
    });
    await server.close();
    expect(code).toBe(0);
    expect(out.join("")).toMatch(/^120 stored/);
    // 120 instances are three groups.
    expect(refused).toBe(1);
  });

  it("on one association, where the peer agrees to a window", async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let arrived = 0;
    const answer = async (): Promise<number> => {
      // Nobody is answered before four are here: without a window this would never end.
      if (++arrived === 4) release();
      await gate;
      return Status.Success;
    };
    const { windows, most, associations, stdout } = await stored({ answer }, "--window", "4");
    expect(windows[0]).toBe(4);
    expect(most).toBe(4);
    expect(associations).toBe(1);
    expect(stdout).toMatch(/^6 stored/);
  });
});

describe("the transfer syntax", () => {
  it("is changed where the peer does not take the stored one", async () => {
    const storage = { transferSyntaxUids: [TransferSyntax.ImplicitVRLittleEndian] };
    const { requests, code } = await stored({ storage });
    expect(code).toBe(0);
    expect(new Set(requests.map(({ transferSyntaxUid }) => transferSyntaxUid))).toEqual(
      new Set(["1.2.840.10008.1.2"]),
    );
  });

  it("is changed where that was asked for", async () => {
    const { requests } = await stored({}, "-xi");
    expect(requests[0]?.transferSyntaxUid).toBe("1.2.840.10008.1.2");
  });

  it("stays otherwise", async () => {
    const { requests } = await stored({});
    expect(requests[0]?.transferSyntaxUid).toBe("1.2.840.10008.1.2.1");
  });
});

it("--json tells each instance in a line, with its file and its status", async () => {
  const { stdout } = await stored({ answer: once }, "--json");
  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { kind: string; path: string; status: string });
  expect(lines).toHaveLength(count);
  expect(lines.map(({ kind }) => kind)).toEqual(Array.from({ length: count }, () => "stored"));
  expect(lines.map(({ path }) => path).sort()[0]).toBe(join(folder, "0.dcm"));
  expect(lines[0]?.status).toBe("0000");
});

it("a peer that goes away for good ends the command with the network's exit code and a hint", async () => {
  const server = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  const err: string[] = [];
  const code = await run(["store", `127.0.0.1:${port}`, folder], {
    stdout: { write: (text) => err.push(text) },
    stderr: { write: (text) => err.push(text) },
    signal: new AbortController().signal,
    env: { HOME: folder },
  });
  server.close();
  expect(code).toBe(3);
  expect(err.join("")).toMatch(/\[connection-(closed|failed)\]\n {2}\S/);
});
