/** The databases that every test of the archive runs on. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import { LocalArchive, type LocalArchiveOptions } from "../local/local-archive.ts";
import { postgresPrograms, startPostgres, type TestPostgres } from "./postgres.ts";

export interface TestArchives {
  readonly kind: "sqlite" | "postgres";
  /** A new, empty archive; everything is removed at the end. */
  create(
    options?: Partial<LocalArchiveOptions>,
  ): Promise<{ readonly archive: LocalArchive; readonly where: LocalArchiveOptions }>;
  /** The server, on PostgreSQL. */
  readonly postgres: TestPostgres | undefined;
}

export function describeOnEachDatabase(name: string, tests: (archives: TestArchives) => void): void {
  describe(`${name}, on SQLite`, () => suite("sqlite", tests));
  describeOnPostgres(name, tests);
}

/** What only a database of its own process can go through. */
export function describeOnPostgres(name: string, tests: (archives: TestArchives) => void): void {
  if (postgresPrograms() === undefined) {
    process.stderr.write(
      "PostgreSQL is not installed: the archive is not tested on it (apt-get install postgresql).\n",
    );
    describe.skip(`${name}, on PostgreSQL: not installed`, () => suite("postgres", tests));
  } else describe(`${name}, on PostgreSQL`, () => suite("postgres", tests));
}

function suite(kind: TestArchives["kind"], tests: (archives: TestArchives) => void): void {
  const folders: string[] = [];
  let postgres: TestPostgres | undefined;
  beforeAll(async () => {
    if (kind === "postgres") postgres = await startPostgres();
  }, 60_000);
  afterAll(async () => {
    await postgres?.stop();
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  });
  tests({
    kind,
    get postgres() {
      return postgres;
    },
    async create(options = {}) {
      const folder = await mkdtemp(join(tmpdir(), "isocenter-archive-"));
      folders.push(folder);
      const database = postgres === undefined ? {} : { database: await postgres.createDatabase() };
      const where = { folder, ...database, ...options };
      return { archive: await LocalArchive.open(where), where };
    },
  });
}
