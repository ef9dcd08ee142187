/** Small files, written in a thread of their own. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FileWorker } from "./file-worker.ts";

let folder: string;
let worker: FileWorker;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "isocenter-worker-"));
  worker = new FileWorker();
});
afterEach(async () => {
  await worker.close();
  await rm(folder, { recursive: true });
});

describe("a small file", () => {
  it("comes to its place, in folders that are made for it and again when they are gone", async () => {
    const to = join(folder, "a/b/c.dcm");
    await worker.write(join(folder, "1.part"), to, Buffer.from("one"));
    await rm(join(folder, "a"), { recursive: true });
    await worker.write(join(folder, "2.part"), to, Buffer.from("two"));
    expect(await readFile(to, "utf8")).toBe("two");
  });

  it("that cannot be written rejects with the system's code, and the next is written", async () => {
    await writeFile(join(folder, "taken.part"), "");
    await writeFile(join(folder, "file"), "");
    const bytes = Buffer.from("x");
    await expect(worker.write(join(folder, "taken.part"), join(folder, "x"), bytes)).rejects.toMatchObject({
      code: "EEXIST",
    });
    await expect(worker.write(join(folder, "1.part"), join(folder, "file/x"), bytes)).rejects.toMatchObject({
      code: expect.stringMatching(/^(ENOTDIR|EEXIST)$/) as string,
    });
    await worker.write(join(folder, "2.part"), join(folder, "y"), bytes);
    expect(await readFile(join(folder, "y"), "utf8")).toBe("x");
  });
});
