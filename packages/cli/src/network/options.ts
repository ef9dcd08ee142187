/** Options that every command on the network shares, with DCMTK's spelling: declared, explained and read in one place. */
import { integerOption, type OptionSpecs, type OptionValues } from "../arguments.ts";
import { syntaxFlags, transferSyntaxNamed } from "../transfer-syntaxes.ts";
import type { Timeouts } from "@isocenter/network";
import { tlsClientOptions, tlsServerOptions } from "./tls.ts";

const connection = "Connection";
const telling = "What is told";

/** Of both roles. */
const sharedOptions = {
  verbose: { names: ["-v", "--verbose"], help: "Tell what happens on the association.", group: telling },
  debug: {
    names: ["-d", "--debug"],
    help: "Also protocol steps and data sets; values that may identify a patient are hidden.",
    group: telling,
  },
  showPhi: { names: ["--show-phi"], help: "With -d: show patient data too.", group: telling },
  acseTimeout: {
    names: ["-ta", "--acse-timeout"],
    value: "SECONDS",
    help: "For the association's beginning and end (default 15).",
    group: connection,
  },
  dimseTimeout: {
    names: ["-td", "--dimse-timeout"],
    value: "SECONDS",
    help: "Without a sign of the peer during an operation (default 60); 0 for no limit.",
    group: connection,
  },
  maxPdu: {
    names: ["-pdu", "--max-pdu"],
    value: "BYTES",
    help: "Longest PDU that we take, 4096 to 1048576 (default 131072); 0 for no limit.",
    group: connection,
  },
} as const satisfies OptionSpecs;

/** Of commands that connect to a peer. */
export const peerOptions = {
  callingAe: {
    names: ["-aet", "--aetitle"],
    value: "NAME",
    help: "Our AE title (default the peer's entry, or ISOCENTER).",
    group: connection,
  },
  calledAe: {
    names: ["-aec", "--call"],
    value: "NAME",
    help: "The peer's AE title (default the peer's entry, or ANY-SCP).",
    group: connection,
  },
  connectTimeout: {
    names: ["-to", "--timeout"],
    value: "SECONDS",
    help: "Until the connection is there (default 10).",
    group: connection,
  },
  user: {
    names: ["-usr", "--user"],
    value: "NAME",
    help: "User identity; the password is read from --password-file or ISOCENTER_PASSWORD.",
    group: connection,
  },
  passwordFile: {
    names: ["--password-file"],
    value: "FILE",
    help: "First line is the password of --user.",
    group: connection,
  },
  jwtFile: {
    names: ["--jwt-file"],
    value: "FILE",
    help: "JSON web token as user identity.",
    group: connection,
  },
  config: {
    names: ["--config"],
    value: "FILE",
    help: "Peers by name (default ./isocenter.json, then ~/.config/isocenter/peers.json).",
    group: connection,
  },
  ...sharedOptions,
  ...tlsClientOptions,
} as const satisfies OptionSpecs;

/** Of commands that listen. */
export const listenerOptions = {
  allow: {
    names: ["--allow-aet"],
    value: "NAME",
    repeatable: true,
    help: "Only this calling AE title may connect. Needed when others than this machine can reach the port.",
    group: connection,
  },
  maximumAssociations: {
    names: ["--max-associations"],
    value: "N",
    help: "Associations at a time (default 200).",
    group: connection,
  },
  ...sharedOptions,
  ...tlsServerOptions,
} as const satisfies OptionSpecs;

/** Syntaxes in order of preference: `-xe`, `-xs` … as DCMTK's clients have them, `+xe` … as its servers have them. */
export const syntaxOption = {
  names: ["--syntax"],
  value: "NAME",
  flags: syntaxFlags,
  repeatable: true,
  group: "Transfer syntaxes",
} as const;

export type PeerOptionValues = OptionValues<typeof peerOptions>;
export type ListenerOptionValues = OptionValues<typeof listenerOptions>;

/** @returns UIDs in the order they were given @throws UsageError */
export function syntaxPreferences(names: readonly string[]): string[] {
  return [...new Set(names.map(transferSyntaxNamed))];
}

/** @throws UsageError */
export function timeoutsOf(given: {
  readonly connectTimeout?: string | undefined;
  readonly acseTimeout: string | undefined;
  readonly dimseTimeout: string | undefined;
}): Timeouts {
  return {
    ...milliseconds("connectMs", "--timeout", given.connectTimeout),
    ...milliseconds("associationMs", "--acse-timeout", given.acseTimeout),
    ...milliseconds("dimseMs", "--dimse-timeout", given.dimseTimeout),
  };
}

/** @throws UsageError */
export function maximumPduOf({ maxPdu }: { readonly maxPdu: string | undefined }): {
  readonly maximumPduLength?: number;
} {
  if (maxPdu === undefined) return {};
  if (maxPdu === "0") return { maximumPduLength: 0 };
  return { maximumPduLength: integerOption("--max-pdu", maxPdu, 4096, 1 << 20) };
}

function milliseconds(name: keyof Timeouts, option: string, text: string | undefined): Timeouts {
  return text === undefined ? {} : { [name]: integerOption(option, text, 0, 86_400) * 1000 };
}
