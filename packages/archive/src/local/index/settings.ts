/** Facts about the archive as a whole. */
import type { IndexDatabase } from "./database.ts";
import { run } from "./steps.ts";

export type Setting =
  /** `yes` once everything under `objects/` is in the index; from then on commits keep it so. */
  | "index-complete"
  /** Where the objects are that the index speaks of. */
  | "objects-at";

export async function readSetting({ db }: IndexDatabase, name: Setting): Promise<string | undefined> {
  const row = await db.selectFrom("setting").select("value").where("name", "=", name).executeTakeFirst();
  return row?.value;
}

export function writeSetting(database: IndexDatabase, name: Setting, value: string): Promise<void> {
  return database.write(() =>
    run(
      "insert into setting (name, value) values (?, ?) on conflict (name) do update set value = excluded.value",
      name,
      value,
    ),
  );
}
