/** Registered UIDs (PS3.6 A): names and storage SOP classes; and UIDs of our own (PS3.5 9, B.2). */
import { packedStorage } from "./storage.generated.ts";
import { packedUidNames } from "./uid-names.generated.ts";

let names: Map<string, string> | undefined;

/** `uidName("1.2.840.10008.1.1")` is `"Verification SOP Class"`. */
export function uidName(uid: string): string | undefined {
  names ??= new Map(
    packedUidNames.split("\n").map((line): [string, string] => {
      const bar = line.indexOf("|");
      return [line.slice(0, bar), line.slice(bar + 1)];
    }),
  );
  return names.get(uid);
}

/** All storage SOP classes, those in force first, then the retired ones that archives still hold. */
export function storageSopClasses(): readonly string[] {
  const all = packedStorage.split(" ");
  return [
    ...all.filter((uid) => !uid.startsWith("!")),
    ...all.filter((uid) => uid.startsWith("!")).map((uid) => uid.slice(1)),
  ];
}

/** A new UID under 2.25, made from a random UUID (PS3.5 B.2). */
export function newUid(): string {
  const hex = crypto.randomUUID().replaceAll("-", "");
  return `2.25.${BigInt(`0x${hex}`).toString(10)}`;
}
