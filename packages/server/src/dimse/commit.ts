/** What the archive takes responsibility for, PS3.4 J: instances that a query finds, in the SOP class that was named. */
import type { ImageSource } from "@isocenter/archive";
import { DataSet } from "@isocenter/dicom";
import { CommitmentFailure, type FailedInstance, type ReferencedInstance } from "@isocenter/network";

/** UIDs asked for in one query. */
const batch = 200;

/**
 * @returns the instances that are not safe here, with the reason (0008,1197)
 */
export async function commitFrom(
  source: Pick<ImageSource, "find">,
  instances: readonly ReferencedInstance[],
): Promise<readonly FailedInstance[]> {
  const held = new Map<string, string>();
  for (let at = 0; at < instances.length; at += batch) {
    const uids = instances.slice(at, at + batch).map(({ sopInstanceUid }) => sopInstanceUid);
    const keys = DataSet.of({ SOPInstanceUID: uids, SOPClassUID: "" });
    for await (const match of source.find({ level: "IMAGE", keys }))
      held.set(match.string("SOPInstanceUID") ?? "", match.string("SOPClassUID") ?? "");
  }
  return instances.flatMap((instance): FailedInstance[] => {
    const sopClassUid = held.get(instance.sopInstanceUid);
    if (sopClassUid === undefined) return [{ ...instance, reason: CommitmentFailure.NoSuchObjectInstance }];
    if (sopClassUid !== instance.sopClassUid)
      return [{ ...instance, reason: CommitmentFailure.ClassInstanceConflict }];
    return [];
  });
}
