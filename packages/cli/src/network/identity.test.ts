/** Secrets: from files and the environment, on the wire, and never in what is printed. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { UserIdentity } from "@isocenter/network";
import { listenTcp } from "@isocenter/network/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../main.ts";

let folder: string;
let passwordFile: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "isocenter-identity-"));
  passwordFile = join(folder, "password");
  await writeFile(passwordFile, "open sesame\nsecond line\n");
});
afterAll(() => rm(folder, { recursive: true }));

async function echoed(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const seen: (UserIdentity | undefined)[] = [];
  await using server = await listenTcp(0, {
    services: { verification: true },
    verifyIdentity: (identity) => {
      seen.push(identity);
      return identity?.type !== "jwt" || new TextDecoder().decode(identity.primary) === "a.b.c";
    },
  });
  const out: string[] = [];
  const io = {
    stdout: { write: (text: string) => out.push(text) },
    stderr: { write: (text: string) => out.push(text) },
    signal: new AbortController().signal,
    env: { HOME: folder, ...env },
  };
  const code = await run(["echo", `127.0.0.1:${server.port}`, "-d", ...args], io);
  const texts = seen.map((identity) => {
    const text = (bytes: Uint8Array | undefined) =>
      bytes === undefined ? undefined : new TextDecoder().decode(bytes);
    return { type: identity?.type, primary: text(identity?.primary), secondary: text(identity?.secondary) };
  });
  return { code, output: out.join(""), texts };
}

describe("a user identity", () => {
  it("is not sent without being asked for", async () => {
    expect((await echoed([], { ISOCENTER_PASSWORD: "x" })).texts).toEqual([{ type: undefined }]);
  });

  it("takes the first line of the password file", async () => {
    const { code, output, texts } = await echoed(["--user", "anna", "--password-file", passwordFile]);
    expect(code).toBe(0);
    expect(texts).toEqual([{ type: "username-and-passcode", primary: "anna", secondary: "open sesame" }]);
    expect(output).not.toContain("sesame");
  });

  it("takes the password of the environment", async () => {
    const { texts, output } = await echoed(["-usr", "anna"], { ISOCENTER_PASSWORD: "from outside" });
    expect(texts[0]?.secondary).toBe("from outside");
    expect(output).not.toContain("from outside");
  });

  it("is a token from a file", async () => {
    const token = join(folder, "token");
    await writeFile(token, "a.b.c\n");
    expect((await echoed(["--jwt-file", token])).texts).toEqual([{ type: "jwt", primary: "a.b.c" }]);
  });

  it.each([
    [["--password-file", "x"], /--password-file needs --user/],
    [["--user", "anna", "--password-file", "/nowhere/at/all"], /cannot be read/],
    [["--user", "anna", "--jwt-file", "x"], /not both/],
  ])("%j is refused", async (args, words) => {
    const { code, output } = await echoed(args);
    expect(code).toBe(2);
    expect(output).toMatch(words);
  });
});
