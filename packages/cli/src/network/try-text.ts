/** What a port answers to a line of text: tells web servers and others that wait for one. */
import { connect } from "node:net";

/** Enough for a greeting. */
const wanted = 64;
const patienceMs = 3000;

export function tryText(host: string, port: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const timer = setTimeout(() => finish(), patienceMs);
    const finish = (bytes?: Uint8Array): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      socket.destroy();
      resolve(bytes);
    };
    const onAbort = (): void => finish();
    signal.addEventListener("abort", onAbort, { once: true });
    socket.once("connect", () => socket.write("OPTIONS / HTTP/1.0\r\n\r\n"));
    socket.once("data", (chunk) => finish(Uint8Array.from(chunk.subarray(0, wanted))));
    socket.once("error", () => finish());
    socket.once("close", () => finish());
  });
}
