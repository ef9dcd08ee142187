/** TCP in Node: what the association suite does not reach. */
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { associateOver } from "../association.ts";
import { Verification } from "../services/models.ts";
import { FakeClock } from "../test/fake-clock.ts";
import type { TransportHandlers } from "../transport.ts";
import { connectTcp, listenTcp, openTcp, type TcpServer } from "./index.ts";
import { socketTransport } from "./socket-transport.ts";

const titles = { callingAeTitle: "SCU", calledAeTitle: "SCP" };
const contexts = [{ abstractSyntaxUid: Verification.sopClassUid, transferSyntaxUids: ["1.2.840.10008.1.2"] }];
const acceptor = { aeTitle: "SCP", services: { verification: true } };

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function listen(options: Partial<Parameters<typeof listenTcp>[1]> = {}): Promise<TcpServer> {
  const server = await listenTcp(0, { ...acceptor, ...options });
  open.push(() => server.close({ drainMs: 0 }));
  return server;
}

/** A server of plain sockets. */
async function raw(onSocket: (socket: Socket) => void, host = "127.0.0.1"): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  open.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as { port: number }).port;
}

/** Ends by `resolve` with what onClose was given. */
function closing(handlers: Partial<TransportHandlers> = {}) {
  let resolve: (error: Error | undefined) => void = () => undefined;
  const closed = new Promise<Error | undefined>((settle) => {
    resolve = settle;
  });
  return {
    closed,
    handlers: {
      onData: () => undefined,
      onDrain: () => undefined,
      onClose: (error?: Error) => resolve(error),
      ...handlers,
    },
  };
}

describe("connecting", () => {
  it("says that nothing listens", async () => {
    const port = await raw(() => undefined);
    await open.pop()?.();
    await expect(connectTcp("127.0.0.1", port, { ...titles, contexts })).rejects.toMatchObject({
      code: "connection-refused",
      message: `Nothing accepts connections at 127.0.0.1:${port}.`,
    });
  });

  it("says that a name is not known", async () => {
    await expect(openTcp("no-such-host.invalid", 104)).rejects.toMatchObject({ code: "host-not-found" });
  });

  it("gives up after connectMs of the given clock, and leaves no timer", async () => {
    const clock = new FakeClock();
    // A server that lets nobody finish: TLS is asked for, and nothing answers.
    const asked = new Promise<void>((resolve) => {
      void raw((socket) => socket.once("data", () => resolve())).then((port) => {
        opening = openTcp("127.0.0.1", port, { tls: {}, clock, timeouts: { connectMs: 7000 } });
        opening.catch(() => undefined);
      });
    });
    let opening: Promise<unknown> | undefined;
    await asked;
    clock.advance(6999);
    expect(clock.running.length).toBe(1);
    clock.advance(1);
    await expect(opening).rejects.toMatchObject({ code: "connect-timeout", ms: 7000 });
    expect(clock.running.length).toBe(0);
  });

  it("leaves no timer when it succeeds", async () => {
    const clock = new FakeClock();
    const transport = await openTcp("127.0.0.1", await raw(() => undefined), { clock });
    expect(clock.running.length).toBe(0);
    transport.destroy();
  });

  it("ends at the signal with its reason", async () => {
    const reason = new Error("no longer wanted");
    const controller = new AbortController();
    const connected = new Promise<void>((resolve) => {
      void raw((socket) => socket.once("data", () => resolve())).then((port) => {
        opening = openTcp("127.0.0.1", port, { tls: {}, signal: controller.signal });
        opening.catch(() => undefined);
      });
    });
    let opening: Promise<unknown> | undefined;
    await connected;
    controller.abort(reason);
    await expect(opening).rejects.toBe(reason);
  });

  it("finds a name's address of either family", async () => {
    const server = await new Promise<Server>((resolve) => {
      const dual = createServer((socket) => socket.end()).listen(0, "127.0.0.1", () => resolve(dual));
    });
    open.push(() => new Promise((resolve) => server.close(resolve)));
    // Where localhost is ::1 as well, the first attempt is refused there and the next one counts.
    const transport = await openTcp("localhost", (server.address() as { port: number }).port);
    expect(transport.description?.remote).toMatch(/^127\.0\.0\.1:\d+$/);
    transport.destroy();
  });

  it("connects over IPv6", async () => {
    const transport = await openTcp("::1", await raw(() => undefined, "::1"));
    expect(transport.description?.remote).toMatch(/^\[::1\]:\d+$/);
    transport.destroy();
  });

  it("connects from the local address that it is given", async () => {
    const from = new Promise<string | undefined>((resolve) => {
      void raw((socket) => resolve(socket.remoteAddress)).then(async (port) => {
        const transport = await openTcp("127.0.0.1", port, { localAddress: "127.0.0.9" });
        expect(transport.description?.local).toMatch(/^127\.0\.0\.9:\d+$/);
        transport.destroy();
      });
    });
    expect(await from).toBe("127.0.0.9");
  });

  it("says that the local address is none of this machine's", async () => {
    const port = await raw(() => undefined);
    await expect(openTcp("127.0.0.1", port, { localAddress: "192.0.2.1" })).rejects.toMatchObject({
      code: "connection-failed",
      message: expect.stringContaining("local address"),
    });
  });
});

describe("the pump", () => {
  it("gives header and body to the system in one write, without delay", async () => {
    const writes: number[] = [];
    const port = await raw((socket) => socket.resume());
    const socket = connect(port, "127.0.0.1");
    await new Promise((resolve) => socket.once("connect", resolve));
    const handle = (socket as unknown as { _handle: Record<string, (...args: unknown[]) => unknown> })
      ._handle;
    for (const name of ["writev", "writeBuffer"]) {
      const original = handle[name]?.bind(handle);
      handle[name] = (...args) => {
        writes.push(Array.isArray(args[1]) ? args[1].length : 1);
        return original?.(...args);
      };
    }
    let noDelay: unknown;
    const setNoDelay = handle["setNoDelay"]?.bind(handle);
    handle["setNoDelay"] = (value) => {
      noDelay = value;
      return setNoDelay?.(value);
    };
    const transport = socketTransport(socket);
    transport.write([new Uint8Array(12), new Uint8Array(1000), new Uint8Array(12), new Uint8Array(1000)]);
    expect(noDelay).toBe(true);
    expect(writes).toEqual([4]);
    transport.destroy();
  });

  it("asks to wait when the peer does not read, and says when there is room again", async () => {
    let peer: { resume(): unknown } | undefined;
    const port = await raw((socket) => (peer = socket.pause()));
    const transport = await openTcp("127.0.0.1", port);
    let drained: () => void = () => undefined;
    const { handlers } = closing({ onDrain: () => drained() });
    transport.start(handlers);
    const chunk = new Uint8Array(1 << 20);
    let written = 0;
    // Until even the system has no room: then nothing drains before the peer reads.
    while (written < 256) {
      written++;
      if (transport.write([chunk])) continue;
      const isDrained = await Promise.race([
        new Promise<boolean>((resolve) => (drained = () => resolve(true))),
        new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 100)),
      ]);
      if (!isDrained) break;
    }
    expect(written).toBeLessThan(256);
    const drain = new Promise<void>((resolve) => (drained = resolve));
    peer?.resume();
    await drain;
    transport.destroy();
  });

  it("does not read while it is paused, and loses nothing", async () => {
    const total = 128 << 20;
    let sent = 0;
    const port = await raw((socket) => {
      const send = (): void => {
        while (sent < total) {
          sent += 1 << 20;
          if (!socket.write(new Uint8Array(1 << 20))) return void socket.once("drain", send);
        }
        socket.end();
      };
      send();
    });
    const transport = await openTcp("127.0.0.1", port);
    let received = 0;
    let firstData: () => void = () => undefined;
    const first = new Promise<void>((resolve) => (firstData = resolve));
    const { closed, handlers } = closing({
      onData(chunk) {
        received += chunk.byteLength;
        if (received === chunk.byteLength) {
          transport.pause();
          firstData();
        }
      },
    });
    transport.start(handlers);
    await first;
    const held = received;
    for (let last = -1; last !== sent; ) {
      last = sent;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(received).toBe(held);
    expect(sent).toBeLessThan(total);
    transport.resume();
    expect(await closed).toBeUndefined();
    expect(received).toBe(total);
  });

  it("a peer that resets the connection is an error, once", async () => {
    const port = await raw((socket) => socket.once("data", () => socket.resetAndDestroy()));
    const transport = await openTcp("127.0.0.1", port);
    let times = 0;
    const end = closing();
    transport.start({ ...end.handlers, onClose: (error) => (times++, end.handlers.onClose(error)) });
    transport.write([Uint8Array.of(1)]);
    expect(await end.closed).toMatchObject({ code: "ECONNRESET" });
    await new Promise((resolve) => setImmediate(resolve));
    expect(times).toBe(1);
  });

  it("a peer that closes its half is gone, also while writes wait for it", async () => {
    // Half-open at the other side: it sends a FIN, stays and does not read.
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
      socket.on("error", () => undefined);
      socket.end();
      open.push(() => Promise.resolve(socket.destroy()));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    open.push(() => new Promise((resolve) => server.close(resolve)));
    const transport = await openTcp("127.0.0.1", (server.address() as { port: number }).port);
    const { closed, handlers } = closing();
    for (let index = 0; index < 32; index++) transport.write([new Uint8Array(1 << 20)]);
    transport.start(handlers);
    expect(await closed).toBeUndefined();
    transport.destroy();
  });

  it("tells of an end that came before it was started", async () => {
    const port = await raw((socket) => socket.resetAndDestroy());
    const socket = connect(port, "127.0.0.1");
    const transport = socketTransport(socket);
    await new Promise((resolve) => socket.once("close", resolve));
    const { closed, handlers } = closing();
    transport.start(handlers);
    expect(await closed).toMatchObject({ code: "ECONNRESET" });
  });

  it("sends what was written before it closes", async () => {
    let resolve: (bytes: number) => void = () => undefined;
    const received = new Promise<number>((settle) => (resolve = settle));
    const port = await raw((socket) => {
      let bytes = 0;
      socket.on("data", (chunk) => (bytes += chunk.length));
      socket.once("end", () => resolve(bytes));
    });
    const transport = await openTcp("127.0.0.1", port);
    transport.start(closing().handlers);
    transport.write([new Uint8Array(8 << 20)]);
    transport.close();
    expect(await received).toBe(8 << 20);
  });
});

describe("listening", () => {
  it("describes both ends to onConnection, whose options count for that association", async () => {
    const seen: string[] = [];
    const server = await listen({
      onConnection: ({ local, remote }) => {
        seen.push(local ?? "", remote ?? "");
        return { authorize: () => false };
      },
    });
    await expect(connectTcp("127.0.0.1", server.port, { ...titles, contexts })).rejects.toMatchObject({
      reason: "calling-AE-title-not-recognized",
    });
    expect(seen[0]).toBe(`127.0.0.1:${server.port}`);
    expect(seen[1]).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  it("closes a connection that onConnection does not want", async () => {
    const server = await listen({ onConnection: () => false });
    await expect(connectTcp("127.0.0.1", server.port, { ...titles, contexts })).rejects.toMatchObject({
      code: expect.stringMatching(/^connection-(closed|failed)$/),
    });
    expect(server.openAssociations).toBe(0);
  });

  it("rejects associations above the limit, and takes them again when others end", async () => {
    const server = await listen({ maximumAssociations: 2 });
    const connectOne = () => connectTcp("127.0.0.1", server.port, { ...titles, contexts });
    const first = await connectOne();
    await connectOne();
    expect(server.openAssociations).toBe(2);
    await expect(connectOne()).rejects.toMatchObject({
      code: "association-rejected",
      reason: "local-limit-exceeded",
    });
    await first.release();
    await expect.poll(() => server.openAssociations).toBe(1);
    expect((await (await connectOne()).echo()).status.code).toBe(0);
  });

  it("lets open associations end within drainMs, and listens no more", async () => {
    const server = await listen();
    const association = await connectTcp("127.0.0.1", server.port, { ...titles, contexts });
    const closed = server.close({ drainMs: 60_000 });
    expect((await association.echo()).status.code).toBe(0);
    await expect(openTcp("127.0.0.1", server.port)).rejects.toMatchObject({ code: "connection-refused" });
    await association.release();
    await closed;
  });

  it("aborts associations that do not end within drainMs", async () => {
    const errors: string[] = [];
    const clock = new FakeClock();
    const server = await listen({ onError: (error) => errors.push(error.code), clock });
    const association = await connectTcp("127.0.0.1", server.port, { ...titles, contexts });
    const closed = server.close({ drainMs: 5000 });
    clock.advance(5000);
    await association.closed;
    await closed;
    await expect(association.echo()).rejects.toMatchObject({ code: "association-aborted" });
    expect(errors).toEqual(["association-ended"]);
    expect(server.openAssociations).toBe(0);
  });

  it("does not wait for a peer that neither closes nor reads", async () => {
    const server = await listen();
    const socket = connect(server.port, "127.0.0.1").pause();
    await new Promise((resolve) => socket.once("connect", resolve));
    await expect.poll(() => server.openAssociations).toBe(1);
    await server.close({ drainMs: 0 });
    socket.destroy();
  });

  it("reports what ends associations", async () => {
    const errors: string[] = [];
    const server = await listen({ onError: (error) => errors.push(error.code) });
    const association = await connectTcp("127.0.0.1", server.port, { ...titles, contexts });
    association.abort();
    await association.closed;
    await expect.poll(() => errors).toEqual(["association-aborted"]);
  });

  it("throws where the port is taken", async () => {
    const server = await listen();
    await expect(listenTcp(server.port, acceptor)).rejects.toMatchObject({ code: "EADDRINUSE" });
  });

  it("listens on IPv6", async () => {
    const server = await listen({ host: "::1" });
    const transport = await openTcp("::1", server.port);
    const association = await associateOver(transport, { ...titles, contexts });
    expect((await association.echo()).status.code).toBe(0);
    await association.release();
  });
});
