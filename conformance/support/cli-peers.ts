/** Peers of the command line's suites: our own listeners as a user starts them, and others that know where to send. */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { decodePart10 } from "@isocenter/dicom";
import { freePort, isocenterBin, type Result, run, start, waitFor } from "./processes.ts";
import type { DicomServer, OrthancServer } from "./servers.ts";

export const isocenter = (...args: string[]): Promise<Result> =>
  run(process.execPath, [isocenterBin, ...args]);

/** `AE@HOST:PORT`. */
export const at = ({ aeTitle, port }: DicomServer): string => `${aeTitle}@127.0.0.1:${port}`;

/** Operands for DCMTK's clients. */
export const dcmtkPeer = ({ aeTitle, port }: DicomServer): string[] => [
  "-aec",
  aeTitle,
  "127.0.0.1",
  String(port),
];

/** `isocenter receive` or `isocenter qr`; ready when it says so. */
export async function startListener(
  command: "receive" | "qr",
  args: (port: string) => readonly string[],
  aeTitle = "ISOCENTER",
): Promise<DicomServer> {
  const port = await freePort();
  const server = start(process.execPath, [isocenterBin, command, ...args(String(port))]);
  await waitFor(`isocenter ${command}`, () =>
    Promise.resolve(/Ctrl\+C stops it/.test(server.output())),
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${server.output()}`);
  });
  return { ...server, aeTitle, port };
}

/** A destination that a peer may move to. */
export interface KnownDestination {
  readonly aeTitle: string;
  readonly port: number;
}

/** DCMTK's dcmqrscp that knows destinations. @param options such as `+xs`, to take JPEG lossless too */
export async function startQrscp(
  folder: string,
  destinations: readonly KnownDestination[],
  options: readonly string[] = [],
): Promise<DicomServer> {
  const port = await freePort();
  const area = join(folder, "area");
  await mkdir(area, { recursive: true });
  const config = join(folder, "dcmqrscp.cfg");
  await writeFile(
    config,
    [
      `NetworkTCPPort  = ${port}`,
      "MaxPDUSize      = 16384",
      "MaxAssociations = 16",
      "HostTable BEGIN",
      ...destinations.map((one, index) => `host${index} = (${one.aeTitle}, 127.0.0.1, ${one.port})`),
      "HostTable END",
      "VendorTable BEGIN",
      "VendorTable END",
      "AETable BEGIN",
      `QRSCP ${area} RW (200, 1024mb) ANY`,
      "AETable END",
      "",
    ].join("\n"),
  );
  const server = start("dcmqrscp", ["-c", config, ...options, String(port)], { TCP_NODELAY: "1" });
  await waitFor("dcmqrscp", () => accepts(port));
  return { ...server, aeTitle: "QRSCP", port };
}

export async function startOrthancWith(
  folder: string,
  destinations: readonly KnownDestination[],
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
      DicomAlwaysAllowGet: true,
      DicomAlwaysAllowMove: true,
      UnknownSopClassAccepted: true,
      DicomModalities: Object.fromEntries(
        destinations.map(({ aeTitle, port: theirs }) => [
          aeTitle.toLowerCase(),
          { AET: aeTitle, Host: "127.0.0.1", Port: theirs, AllowStorageCommitment: true },
        ]),
      ),
      Plugins: [],
    }),
  );
  const server = start("Orthanc", [config], { TCP_NODELAY: "1" });
  const http = `http://127.0.0.1:${httpPort}`;
  await waitFor("Orthanc", async () => (await fetch(`${http}/system`)).ok);
  return { ...server, aeTitle: "ORTHANC", port, http };
}

/** Paths of the files below a folder that are DICOM by their name. */
export async function dicomFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && !/\.(md|tsv|txt|dat|json)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

export interface StoredFile {
  readonly path: string;
  readonly transferSyntaxUid: string;
  /** The encoded data set, byte for byte. */
  readonly bytes: Buffer;
}

/** The data sets below a folder by SOP Instance UID. */
export async function dataSetsBelow(folder: string): Promise<Map<string, StoredFile>> {
  const files = new Map<string, StoredFile>();
  for (const path of await dicomFiles(folder)) {
    const content = await readFile(path);
    const { dataSet, dataSetOffset, transferSyntaxUid } = decodePart10(content);
    files.set(dataSet.string("SOPInstanceUID") ?? path, {
      path,
      transferSyntaxUid,
      bytes: content.subarray(dataSetOffset),
    });
  }
  return files;
}

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
