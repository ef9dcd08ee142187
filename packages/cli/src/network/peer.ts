/** The peer that a command line names: `NAME`, `HOST:PORT`, `AE@HOST:PORT`, or DCMTK's `HOST PORT`. */
import { checkAeTitle, formatAddress, parseAddress } from "@isocenter/server/config";
import { UsageError } from "../usage-error.ts";
import type { Configuration } from "./config-file.ts";
import type { PeerTls } from "./tls.ts";

export interface Peer {
  readonly host: string;
  readonly port: number;
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
  /** As its entry has it. */
  readonly tls?: PeerTls;
}

export interface Titles {
  readonly callingAe: string | undefined;
  readonly calledAe: string | undefined;
}

/** @returns the peer, and the operands after it @throws UsageError, ConfigError */
export function peerOperand(
  operands: readonly string[],
  titles: Titles,
  configuration: Configuration,
): { peer: Peer; rest: string[] } {
  const [first, second = "", ...others] = operands;
  if (first === undefined)
    throw new UsageError("Name the peer: HOST:PORT, AE@HOST:PORT, or one of `isocenter peers`.");
  const known = configuration.peers.get(first);
  if (known?.kind === "dicomweb" || /^dicomweb:/i.test(first)) {
    throw new UsageError(
      `"${first}" is a DICOMweb service, which find, get and store take; this command needs a DICOM peer.`,
    );
  }
  if (known !== undefined) {
    const { host, port, aeTitle, callingAeTitle, tls } = known;
    const peer = titled({ host, port }, titles, configuration, aeTitle, callingAeTitle);
    return { peer: tls === undefined ? peer : { ...peer, tls }, rest: operands.slice(1) };
  }
  const at = first.lastIndexOf("@");
  const called = at > 0 ? first.slice(0, at) : undefined;
  const address = first.slice(at + 1);
  const isTwoWords = !/:\d+$/.test(address) && /^\d{1,5}$/.test(second);
  if (!isTwoWords && !address.includes(":")) throw unknownPeer(first, configuration);
  return {
    peer: titled(parseAddress(isTwoWords ? `${address}:${second}` : address), titles, configuration, called),
    rest: isTwoWords ? others : operands.slice(1),
  };
}

/** `PACS at pacs.example.org:104`. */
export const describePeer = ({ calledAeTitle, host, port }: Peer): string =>
  `${calledAeTitle} at ${formatAddress({ host, port })}`;

/** Options win over the entry, and the entry over the file's own title. */
function titled(
  { host, port }: { readonly host: string; readonly port: number },
  { callingAe, calledAe }: Titles,
  { aeTitle }: Configuration,
  called?: string,
  calling?: string,
): Peer {
  return {
    host,
    port,
    callingAeTitle: checkAeTitle(callingAe ?? calling ?? aeTitle ?? "ISOCENTER"),
    calledAeTitle: checkAeTitle(calledAe ?? called ?? "ANY-SCP"),
  };
}

function unknownPeer(name: string, { peers }: Configuration): UsageError {
  const names = [...peers.keys()];
  const known = names.length === 0 ? "" : ` Known are ${names.join(", ")}.`;
  return new UsageError(
    `"${name}" is no address and no known peer: write HOST:PORT, or add it with \`isocenter peers add ${name} AE@HOST:PORT\`.${known}`,
  );
}
