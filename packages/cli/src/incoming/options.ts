/** Options of commands that write what they receive. */
import type { OptionSpecs, OptionValues } from "../arguments.ts";
import { UsageError } from "../usage-error.ts";
import { defaultPattern, studyPattern } from "./file-names.ts";
import { type DuplicatePolicy, duplicatePolicies, IncomingFolder } from "./incoming-folder.ts";

const group = "Files";

export const incomingOptions = {
  folder: {
    names: ["-od", "--output-directory"],
    value: "DIR",
    help: "Where to write (default the current folder).",
    group,
  },
  name: {
    names: ["--name"],
    value: "PATTERN",
    help: `Names by keywords (default ${defaultPattern}), for instance {StudyInstanceUID}/{Modality}/{SOPInstanceUID}.dcm.`,
    group,
  },
  byStudy: {
    names: ["-su", "--sort-on-study-uid"],
    value: "PREFIX",
    help: "A folder per study: PREFIX_ and its UID.",
    group,
  },
  byArrival: {
    names: ["-ss", "--sort-conc-studies"],
    value: "PREFIX",
    help: "A folder per study: PREFIX_ and the time of its first instance.",
    group,
  },
  duplicates: {
    names: ["--duplicates"],
    value: "POLICY",
    help: "Of a name that is taken: replace (default), keep the old, both, or refuse.",
    group,
  },
  notDurable: {
    names: ["--not-durable"],
    help: "Answer before the file is on stable storage: faster, and a power loss may cost instances.",
    group,
  },
} as const satisfies OptionSpecs;

/** @throws UsageError */
export function incomingFolder(given: OptionValues<typeof incomingOptions>): Promise<IncomingFolder> {
  const patterns = [
    given.name,
    given.byStudy === undefined ? undefined : studyPattern(given.byStudy, "uid"),
    given.byArrival === undefined ? undefined : studyPattern(given.byArrival, "arrival"),
  ].filter((pattern) => pattern !== undefined);
  if (patterns.length > 1) throw new UsageError("Give one of --name, -su and -ss.");
  return IncomingFolder.open({
    folder: given.folder ?? ".",
    pattern: patterns[0] ?? defaultPattern,
    duplicates: duplicatePolicy(given.duplicates ?? "replace"),
    durable: !given.notDurable,
  });
}

function duplicatePolicy(text: string): DuplicatePolicy {
  const policy = duplicatePolicies.find((one) => one === text);
  if (policy === undefined) throw new UsageError(`"${text}" is not one of ${duplicatePolicies.join(", ")}.`);
  return policy;
}
