/** Puts an instance in the place of another with its UID: the old rows and the new ones change in one commit. */
import type { HeldInstance, NewInstance } from "../index/add-instances.ts";
import { addInstances } from "../index/add-instances.ts";
import type { IndexDatabase } from "../index/database.ts";
import { recordIntents } from "../index/intents.ts";
import { removeInstances } from "../index/remove.ts";
import { objectKey } from "../objects/object-key.ts";
import type { ObjectStore } from "../objects/object-store.ts";
import type { Spool } from "../objects/spool.ts";

export async function replaceInstance(
  { database, objects }: { readonly database: IndexDatabase; readonly objects: ObjectStore },
  instance: NewInstance,
  spool: Spool,
  before: HeldInstance,
): Promise<void> {
  const { uids } = instance.rows;
  // A name of its own, so that the old object stays whole until the commit.
  const intent = await objects.prepare(objectKey(uids, instance.object.suffix), spool);
  await database.writeThen(
    function* () {
      const held = {
        studyInstanceUid: before.study_uid,
        seriesInstanceUid: before.series_uid,
        sopInstanceUid: before.sop_uid,
      };
      const { intents } = yield* removeInstances(database.kind, held, { quietly: true });
      yield* addInstances(database.kind, [{ ...instance, change: "instance-replaced" }]);
      if (intent !== undefined) yield* recordIntents([intent]);
      return intents;
    },
    (deletions, durable) => {
      if (intent !== undefined) objects.perform(intent, durable);
      for (const one of deletions) objects.perform(one, durable);
    },
  );
}
