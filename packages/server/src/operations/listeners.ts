/** Node's HTTP server: listening, and stopping so that what runs can finish. */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { ConfigError, formatAddress, type ListenAddress } from "../config/config.ts";

/** @throws ConfigError `address-in-use`, `address-unusable` */
export function listenHttp(server: Server, address: ListenAddress): Promise<ListenAddress> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => reject(listenError("HTTP", address, cause)));
    server.listen(address.port, address.host, () => {
      resolve({ host: address.host, port: (server.address() as AddressInfo).port });
    });
  });
}

/** Takes nothing new; requests under way get `drainMs` to finish, then their connections are cut. */
export function closeHttp(server: Server, drainMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), drainMs);
    // A connection becomes idle when its answer is complete; its client may keep it open for long.
    const sweep = setInterval(() => server.closeIdleConnections(), 20);
    server.close(() => {
      clearTimeout(timer);
      clearInterval(sweep);
      resolve();
    });
    server.closeIdleConnections();
  });
}

export function listenError(what: "HTTP" | "DICOM", address: ListenAddress, cause: unknown): ConfigError {
  if (cause instanceof ConfigError) return cause;
  const code = systemCode(cause);
  if (code === "EADDRINUSE") {
    const option = what === "HTTP" ? "--http" : "--dicom";
    const other = formatAddress({ ...address, port: address.port + 1 });
    return new ConfigError(
      "address-in-use",
      `${what} port ${address.port} on ${address.host} is in use by another program; stop it, or choose another port with ${option} ${other}.`,
      { cause },
    );
  }
  if (code === undefined && cause instanceof Error && "code" in cause && cause.code === "argument-invalid") {
    return new ConfigError("address-unusable", `${what} on ${formatAddress(address)}: ${cause.message}`, {
      cause,
    });
  }
  const why =
    code === "EACCES"
      ? "this user may not listen there (ports below 1024 need a privilege)"
      : (code ?? "it is not usable");
  return new ConfigError("address-unusable", `${what} cannot listen on ${formatAddress(address)}: ${why}.`, {
    cause,
  });
}

/** Follows causes: a transport wraps the socket's error in its own. */
function systemCode(error: unknown): string | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if ("code" in at && typeof at.code === "string" && /^E[A-Z]+$/.test(at.code)) return at.code;
  }
  return undefined;
}
