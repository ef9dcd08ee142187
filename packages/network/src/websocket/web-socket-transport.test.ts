/** The pump over a WebSocket whose other side is the test. Real ones are in the association suite and the relay's test. */
import { describe, expect, it } from "vitest";
import { FakeClock } from "../test/fake-clock.ts";
import type { TransportHandlers } from "../transport.ts";
import { connectWebSocket, flowProtocol, RelayClose, webSocketTransport } from "./index.ts";
import { closeError, closeReason } from "./protocol.ts";

class FakeWebSocket extends EventTarget {
  readyState = 1;
  bufferedAmount = 0;
  binaryType = "blob";
  readonly protocol: string;
  readonly sent: (Uint8Array | string)[] = [];
  closedWith: [number | undefined, string | undefined] | undefined;

  constructor(protocol = "") {
    super();
    this.protocol = protocol;
  }

  send(data: Uint8Array | string): void {
    this.sent.push(data);
  }

  close(code?: number, reason?: string): void {
    this.closedWith = [code, reason];
    this.readyState = 2;
  }

  receive(data: unknown): void {
    this.dispatchEvent(Object.assign(new Event("message"), { data }));
  }

  end(code: number, reason = ""): void {
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event("close"), { code, reason }));
  }
}

function begin(protocol?: string) {
  const clock = new FakeClock();
  const socket = new FakeWebSocket(protocol);
  const transport = webSocketTransport(socket, { clock });
  const got = { bytes: 0, drains: 0, ends: [] as (Error | undefined)[] };
  const handlers: TransportHandlers = {
    onData: (chunk) => void (got.bytes += chunk.byteLength),
    onDrain: () => void got.drains++,
    onClose: (error) => void got.ends.push(error),
  };
  return { clock, socket, transport, got, handlers };
}

async function started(protocol?: string) {
  const line = begin(protocol);
  line.transport.start(line.handlers);
  await Promise.resolve(); // it begins to deliver after the caller is done
  return line;
}

const mebibyte = 1 << 20;

describe("a WebSocket as a transport", () => {
  it("sends header and body as one message", async () => {
    const { socket, transport } = await started();
    transport.write([Uint8Array.of(4, 0), Uint8Array.of(1, 2, 3)]);
    expect(socket.sent).toEqual([Uint8Array.of(4, 0, 1, 2, 3)]);
    expect(socket.binaryType).toBe("arraybuffer");
  });

  it("looks at bufferedAmount only while a writer waits", async () => {
    const { clock, socket, transport, got } = await started();
    expect(transport.write([new Uint8Array(10)])).toBe(true);
    expect(clock.running.length).toBe(0);
    socket.bufferedAmount = mebibyte;
    expect(transport.write([new Uint8Array(10)])).toBe(false);
    clock.advance(1000);
    expect([got.drains, clock.running.length]).toEqual([0, 1]);
    socket.bufferedAmount = 1000;
    clock.advance(10);
    expect([got.drains, clock.running.length]).toEqual([1, 0]);
  });

  it("stops looking when the WebSocket ends", async () => {
    const { clock, socket, transport, got } = await started();
    socket.bufferedAmount = mebibyte;
    transport.write([new Uint8Array(10)]);
    socket.end(1006);
    clock.advance(10);
    expect([got.drains, clock.running.length]).toEqual([0, 0]);
  });

  it("with flow control, waits for the other side to have taken what was sent", async () => {
    const { clock, socket, transport, got } = await started(flowProtocol);
    expect(transport.write([new Uint8Array(mebibyte - 1)])).toBe(true);
    expect(transport.write([new Uint8Array(1)])).toBe(false);
    socket.receive("400000");
    expect(got.drains).toBe(0);
    socket.receive("200000");
    expect([got.drains, clock.running.length]).toEqual([1, 0]);
  });

  it("with flow control, tells what it has taken, and nothing while it is paused", async () => {
    const { socket, transport, got } = await started(flowProtocol);
    socket.receive(new ArrayBuffer(100_000));
    expect(socket.sent).toEqual([]);
    transport.pause();
    socket.receive(new ArrayBuffer(200_000));
    expect([got.bytes, socket.sent.length]).toEqual([100_000, 0]);
    transport.resume();
    expect([got.bytes, socket.sent]).toEqual([300_000, ["300000"]]);
  });

  it("with flow control, ends a peer that sends more than it may", async () => {
    const { socket, transport, got } = await started(flowProtocol);
    transport.pause();
    for (let sent = 0; sent <= 2 * mebibyte; sent += 1 << 18) socket.receive(new ArrayBuffer(1 << 18));
    expect(socket.closedWith?.[0]).toBe(RelayClose.Protocol);
    expect(got.ends).toMatchObject([{ code: "connection-failed" }]);
    expect(got.bytes).toBe(0);
  });

  it("does not hold without end what a page does not read", async () => {
    const { socket, transport, got } = await started();
    transport.pause();
    for (let sent = 0; sent <= 64; sent++) socket.receive(new ArrayBuffer(mebibyte));
    expect(got.ends).toMatchObject([{ code: "connection-failed" }]);
  });

  it.each([
    ["text without flow control", "12", undefined],
    ["text that is no number", "-1", flowProtocol],
  ])("takes no %s", async (_what, text, protocol) => {
    const { socket, got } = await started(protocol);
    socket.receive(text);
    expect(socket.closedWith?.[0]).toBe(RelayClose.Protocol);
    expect(got.ends).toMatchObject([{ code: "connection-failed" }]);
  });

  it("hands on what came before it was started, and before its end", async () => {
    const { socket, transport, got, handlers } = begin();
    socket.receive(new ArrayBuffer(5));
    socket.end(1000);
    expect(got.bytes).toBe(0);
    transport.start(handlers);
    await Promise.resolve();
    expect(got).toEqual({ bytes: 5, drains: 0, ends: [undefined] });
  });

  it("ends once, when it is destroyed while paused", async () => {
    const { socket, transport, got } = await started();
    transport.pause();
    socket.receive(new ArrayBuffer(5));
    transport.destroy();
    socket.end(1006);
    expect(got).toEqual({ bytes: 0, drains: 0, ends: [undefined] });
  });

  it.each([
    [1000, "", undefined],
    [1001, "", undefined],
    [1005, "", undefined],
    [1006, "", "connection-failed"],
    [1011, "no memory", "connection-failed"],
    [RelayClose.NotAllowed, "The relay leads to no such peer.", "connection-refused"],
    [RelayClose.Unreachable, "Nothing accepts connections at pacs:104.", "host-unreachable"],
    [RelayClose.Idle, "", "connection-closed"],
  ])("close code %i %j means %s", (code, reason, meaning) => {
    const error = closeError(code, reason);
    expect(error?.code).toBe(meaning);
    if (reason !== "") expect(error?.message).toContain(reason);
  });

  it("keeps a reason to 123 bytes and whole characters", () => {
    const cut = closeReason("Ä".repeat(100));
    expect(new TextEncoder().encode(cut).byteLength).toBeLessThanOrEqual(123);
    expect(cut).toMatch(/^Ä+…$/);
    expect(closeReason("short")).toBe("short");
  });
});

describe("connectWebSocket", () => {
  const options = {
    callingAeTitle: "WEB",
    calledAeTitle: "SCP",
    contexts: [{ abstractSyntaxUid: "1.2.840.10008.1.1", transferSyntaxUids: ["1.2.840.10008.1.2"] }],
  };

  it("offers flow control, and gives up after connectMs of the given clock", async () => {
    const clock = new FakeClock();
    const socket = new FakeWebSocket();
    let offered: string[] = [];
    const connecting = connectWebSocket("wss://pacs.example/dicom?token=secret", {
      ...options,
      clock,
      timeouts: { connectMs: 4000 },
      createWebSocket: (_url, protocols) => {
        offered = protocols;
        return socket;
      },
    });
    expect(offered).toEqual([flowProtocol]);
    clock.advance(4000);
    await expect(connecting).rejects.toMatchObject({ code: "connect-timeout", ms: 4000 });
    expect([socket.readyState, clock.running.length]).toEqual([2, 0]);
  });

  it("says where none could be opened, without what the query holds", async () => {
    const socket = new FakeWebSocket();
    const connecting = connectWebSocket("wss://pacs.example/dicom?token=secret", {
      ...options,
      createWebSocket: () => socket,
    });
    socket.end(1006);
    await expect(connecting).rejects.toMatchObject({
      code: "connection-failed",
      message: "No WebSocket could be opened at wss://pacs.example/dicom.",
    });
  });
});
