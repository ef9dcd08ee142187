/** Listening for associations, with the options that `receive`, `qr`, `move +P` and `commit +P` share. */
import { type AcceptorOptions, type NetworkError } from "@isocenter/network";
import { listenTcp, type TcpServer, type TlsServerOptions } from "@isocenter/network/node";
import { formatAddress, type ListenAddress, parseAddress } from "@isocenter/server/config";
import { integerOption } from "../arguments.ts";
import type { Io } from "../command.ts";
import { UsageError } from "../usage-error.ts";
import { type ListenerOptionValues, maximumPduOf, timeoutsOf } from "./options.ts";
import { observing } from "./session.ts";
import { requiresCertificate } from "./tls.ts";
import { printable } from "../table.ts";

/** `PORT` on this machine alone, or `HOST:PORT`. @throws UsageError, ConfigError */
export function listenOperand(operand: string | undefined): ListenAddress {
  if (operand === undefined)
    throw new UsageError("Name the port: PORT for this machine alone, or 0.0.0.0:PORT.");
  return /^\d{1,5}$/.test(operand) ? parseAddress(`127.0.0.1:${operand}`) : parseAddress(operand);
}

/** @throws UsageError for an open door, or when the port is taken */
export async function listen(
  io: Io,
  address: ListenAddress,
  given: Pick<
    ListenerOptionValues,
    "verbose" | "debug" | "showPhi" | "acseTimeout" | "dimseTimeout" | "maxPdu"
  > &
    Partial<Pick<ListenerOptionValues, "maximumAssociations">>,
  options: Pick<AcceptorOptions, "aeTitle" | "authorize" | "services"> & {
    readonly onError?: (error: NetworkError) => void;
    readonly tls?: TlsServerOptions | undefined;
  },
): Promise<TcpServer> {
  const { tls, ...others } = options;
  try {
    return await listenTcp(address.port, {
      host: address.host,
      timeouts: timeoutsOf(given),
      ...maximumPduOf(given),
      ...(given.maximumAssociations === undefined
        ? {}
        : { maximumAssociations: integerOption("--max-associations", given.maximumAssociations, 1, 10_000) }),
      ...observing(io, given),
      ...(tls === undefined ? {} : { tls: { ...tls, onReload: tellReload(io) } }),
      ...others,
    });
  } catch (error) {
    throw new UsageError(listenProblem(address, error));
  }
}

/**
 * Who may come in, where more than this machine can reach the port: those of a title, or those with a certificate.
 * @throws UsageError
 */
export function checkOpenDoor({ host }: ListenAddress, given: ListenerOptionValues): void {
  if (given.allow.length > 0 || isThisMachine(host) || requiresCertificate(given)) return;
  throw new UsageError(
    `Others than this machine can reach ${host}: say with --allow-aet NAME who may connect, ask for certificates with +tls and --tls-ca, or listen on 127.0.0.1.`,
  );
}

/** A certificate that was renewed is read without a restart; one that cannot be read changes nothing. */
const tellReload =
  (io: Io) =>
  (error?: NetworkError): void =>
    void io.stderr.write(
      error === undefined
        ? "The TLS files were read anew.\n"
        : `${printable(error.message)} What was read before stays in force.\n`,
    );

export const isThisMachine = (host: string): boolean =>
  host === "localhost" || host === "::1" || host.startsWith("127.");

/** `+P`, to be reached by the peer. For a peer on this machine loopback will do; any other has to reach us from outside. */
export function receiverAddress(operand: string, peerHost: string): ListenAddress {
  if (!/^\d{1,5}$/.test(operand)) return parseAddress(operand);
  return parseAddress(`${isThisMachine(peerHost) ? "127.0.0.1" : "0.0.0.0"}:${operand}`);
}

/** Resolves at Ctrl+C. */
export function untilStopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function listenProblem(address: ListenAddress, error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const where = formatAddress(address);
  if (code === "EADDRINUSE") return `${where} is in use by another program: choose another port.`;
  if (code === "EACCES") return `This user may not listen on ${where}: ports below 1024 need a privilege.`;
  return `Listening on ${where} failed: ${error instanceof Error ? error.message : String(error)}.`;
}
