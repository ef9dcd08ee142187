/** Opening associations over TCP from Node. */
import { connect, type Socket } from "node:net";
import {
  type Association,
  type AssociateOptions,
  associateOver,
  defaultTimeouts,
  NetworkError,
  TimeoutError,
} from "@isocenter/network";
import { socketTransport } from "./socket-transport.ts";

/**
 * Connects and associates.
 * @param port 104 and 11112 are registered for DICOM
 * @throws NetworkError `connection-refused`, `host-not-found`, `host-unreachable`; TimeoutError `connect-timeout`; and
 * whatever associating throws
 */
export async function connectTcp(
  host: string,
  port: number,
  options: AssociateOptions,
): Promise<Association> {
  options.signal?.throwIfAborted();
  const socket = await openSocket(host, port, options);
  return associateOver(socketTransport(socket), options);
}

function openSocket(host: string, port: number, options: AssociateOptions): Promise<Socket> {
  const connectMs = options.timeouts?.connectMs ?? defaultTimeouts.connectMs;
  const where = `${host}:${port}`;
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const timer =
      connectMs === 0 ? undefined : setTimeout(() => fail(new TimeoutError("connect", connectMs)), connectMs);
    const onAbort = (): void => fail(options.signal?.reason as Error);
    const done = (): void => {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", onAbort);
      socket.removeAllListeners("error");
      socket.removeAllListeners("connect");
    };
    const fail = (error: Error): void => {
      done();
      socket.on("error", () => undefined); // what a dying socket still says is of no interest
      socket.destroy();
      reject(error);
    };
    options.signal?.addEventListener("abort", onAbort, { once: true });
    socket.once("connect", () => {
      done();
      resolve(socket);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => fail(connectError(error, host, where)));
  });
}

function connectError(cause: NodeJS.ErrnoException, host: string, where: string): NetworkError {
  switch (cause.code) {
    case "ECONNREFUSED":
      return new NetworkError("connection-refused", `Nothing accepts connections at ${where}.`, { cause });
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new NetworkError("host-not-found", `The host name ${host} is not known.`, { cause });
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return new NetworkError("host-unreachable", `There is no way to ${where} from here.`, { cause });
    default:
      return new NetworkError("connection-failed", `The connection to ${where} failed: ${cause.message}`, {
        cause,
      });
  }
}
