/** Options and operands that every command to a DICOM peer shares, with DCMTK's spelling. */
import type { DimsePeerAddress } from "@isocenter/archive";
import { checkAeTitle, parseAddress } from "@isocenter/server";
import type { OptionSpecs } from "./arguments.ts";
import { UsageError } from "./usage-error.ts";

export const peerOptions = {
  callingAe: { names: ["-aet", "--aetitle"], value: "NAME", help: "Our AE title (default ISOCENTER)." },
  calledAe: { names: ["-aec", "--call"], value: "NAME", help: "The peer's AE title (default ANY-SCP)." },
  verbose: { names: ["-v", "--verbose"], help: "Tell what happens." },
} as const satisfies OptionSpecs;

/** `HOST:PORT`, or DCMTK's `HOST PORT`. @returns the address and the operands after it */
export function peerOperand(
  operands: readonly string[],
  options: { readonly callingAe: string | undefined; readonly calledAe: string | undefined },
): { peer: DimsePeerAddress; rest: string[] } {
  const [first, second = "", ...others] = operands;
  if (first === undefined) throw new UsageError("Name the peer as HOST:PORT.");
  const twoWords = !/:\d+$/.test(first) && /^\d{1,5}$/.test(second);
  const { host, port } = parseAddress(twoWords ? `${first}:${second}` : first);
  return {
    peer: {
      host,
      port,
      callingAeTitle: checkAeTitle(options.callingAe ?? "ISOCENTER"),
      calledAeTitle: checkAeTitle(options.calledAe ?? "ANY-SCP"),
    },
    rest: twoWords ? others : operands.slice(1),
  };
}
