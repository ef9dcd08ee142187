/** The servers that the suites talk to: ours, DCMTK's and Orthanc. */
import { mkdir, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { freePort, isocenterBin, type Running, start, waitFor } from "./processes.ts";

export interface DicomServer extends Running {
  readonly aeTitle: string;
  readonly port: number;
}

export interface IsocenterServer extends DicomServer {
  readonly http: string;
}

/** `isocenter serve` as a user starts it, from the build. */
export async function startIsocenter(
  folder: string,
  options: { demo?: boolean; port?: number; httpPort?: number } = {},
): Promise<IsocenterServer> {
  const port = options.port ?? (await freePort());
  const httpPort = options.httpPort ?? (await freePort());
  const http = `http://127.0.0.1:${httpPort}`;
  const server = start(process.execPath, [
    isocenterBin,
    "serve",
    "--data",
    folder,
    "--http",
    `127.0.0.1:${httpPort}`,
    "--dicom",
    `127.0.0.1:${port}`,
    ...(options.demo === true ? ["--demo"] : []),
  ]);
  await waitFor("isocenter serve", async () => (await fetch(`${http}/healthz`)).ok).catch(
    (error: unknown) => {
      throw new Error(`${String(error)}\n${server.output()}`);
    },
  );
  return { ...server, aeTitle: "ISOCENTER", port, http };
}

/** DCMTK without Nagle's algorithm. */
export const nodelay = { TCP_NODELAY: "1" } as const;

/** A destination that a peer may move to. */
export interface KnownDestination {
  readonly aeTitle: string;
  readonly port: number;
}

/** DCMTK's storescp, keeping what it gets in `folder`. */
export async function startStorescp(
  folder: string,
  env: Readonly<Record<string, string>>,
  options: readonly string[] = [],
): Promise<DicomServer> {
  const port = await freePort();
  await mkdir(folder, { recursive: true });
  const server = start("storescp", ["+xa", "-od", folder, "-aet", "STORESCP", ...options, String(port)], env);
  await waitFor("storescp", () => accepts(port));
  return { ...server, aeTitle: "STORESCP", port };
}

/**
 * DCMTK's dcmqrscp with one storage area.
 * @param options one compressed syntax beside the uncompressed ones, in and out: JPEG 2000 lossless by default
 */
export async function startDcmqrscp(
  folder: string,
  env: Readonly<Record<string, string>>,
  destinations: readonly KnownDestination[] = [],
  options: readonly string[] = ["+xv", "-xv"],
): Promise<DicomServer> {
  const port = await freePort();
  const area = join(folder, "area");
  await mkdir(area, { recursive: true });
  const config = join(folder, "dcmqrscp.cfg");
  await writeFile(
    config,
    [
      "NetworkTCPPort  = " + String(port),
      "MaxPDUSize      = 16384",
      "MaxAssociations = 32",
      "HostTable BEGIN",
      ...destinations.map((one, index) => `host${index} = (${one.aeTitle}, localhost, ${one.port})`),
      "HostTable END",
      "VendorTable BEGIN",
      "VendorTable END",
      "AETable BEGIN",
      `QRSCP ${area} RW (200, 1024mb) ANY`,
      "AETable END",
      "",
    ].join("\n"),
  );
  const server = start("dcmqrscp", ["-c", config, ...options, String(port)], env);
  await waitFor("dcmqrscp", () => accepts(port));
  return { ...server, aeTitle: "QRSCP", port };
}

export interface OrthancServer extends DicomServer {
  readonly http: string;
}

/** @param extra settings of Orthanc's own beside those below */
export async function startOrthanc(
  folder: string,
  extra: Readonly<Record<string, unknown>> = {},
): Promise<OrthancServer> {
  const [port, httpPort] = [await freePort(), await freePort()];
  const config = join(folder, "orthanc.json");
  await mkdir(folder, { recursive: true });
  await writeFile(
    config,
    JSON.stringify({
      Name: "Orthanc",
      StorageDirectory: join(folder, "storage"),
      IndexDirectory: join(folder, "index"),
      HttpPort: httpPort,
      DicomPort: port,
      DicomAet: "ORTHANC",
      DicomCheckCalledAet: true,
      RemoteAccessAllowed: false,
      AuthenticationEnabled: false,
      DicomAlwaysAllowEcho: true,
      DicomAlwaysAllowFind: true,
      DicomAlwaysAllowStore: true,
      UnknownSopClassAccepted: true,
      Plugins: [],
      ...extra,
    }),
  );
  const server = start("Orthanc", [config], { TCP_NODELAY: "1" });
  const http = `http://127.0.0.1:${httpPort}`;
  await waitFor("Orthanc", async () => (await fetch(`${http}/system`)).ok);
  return { ...server, aeTitle: "ORTHANC", port, http };
}

/** Settings of Orthanc's that let it send to others, and let others retrieve. */
export const orthancWith = (
  destinations: readonly KnownDestination[],
): Readonly<Record<string, unknown>> => ({
  DicomAlwaysAllowGet: true,
  DicomAlwaysAllowMove: true,
  DicomModalities: Object.fromEntries(
    destinations.map(({ aeTitle, port }) => [
      aeTitle.toLowerCase(),
      { AET: aeTitle, Host: "127.0.0.1", Port: port, AllowStorageCommitment: true },
    ]),
  ),
});

export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
