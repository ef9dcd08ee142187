/**
 * Stores instances without end in a process that will be killed, and says of each when it is acknowledged.
 * Arguments: the options of the archive as JSON, and a number that makes the UIDs new.
 */
import { writeSync } from "node:fs";
import { LocalArchive, type LocalArchiveOptions } from "../local/local-archive.ts";
import { instance } from "./instances.ts";

const [, , options = "{}", seed = "0"] = process.argv;
const archive = await LocalArchive.open(JSON.parse(options) as LocalArchiveOptions);
writeSync(1, "ready\n");
const caller = async (lane: number): Promise<void> => {
  for (let count = 0; ; count++) {
    const uid = `1.${seed}.${lane}.${count}`;
    // Some are small and travel in the journal, some are synced files, one is spooled before it is whole.
    const length = [1000, 90_000, 20_000, 2_000_000][count % 4] ?? 0;
    const outcome = await archive.storeOne(
      instance(uid, {
        StudyInstanceUID: `1.${seed}.${lane}.9`,
        PixelData: new Uint8Array(length).fill(count),
      }),
    );
    if (outcome.kind === "stored") writeSync(1, `stored ${uid}\n`);
    else writeSync(1, `failed ${outcome.reason}\n`);
    if (count % 10 === 9) {
      const gone = `1.${seed}.${lane}.${count - 5}`;
      const study = `1.${seed}.${lane}.9`;
      writeSync(1, `deleting ${gone}\n`);
      await archive.delete({
        studyInstanceUid: study,
        seriesInstanceUid: `${study}.9`,
        sopInstanceUid: gone,
      });
      writeSync(1, `deleted ${gone}\n`);
    }
  }
};
await Promise.all([0, 1, 2].map(caller));
