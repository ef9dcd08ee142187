/** The configuration: what it takes, who has the last word, and what it says of mistakes. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkConfig, ConfigError } from "./config.ts";
import { configJsonSchema } from "./file.ts";
import { loadConfig } from "./load.ts";
import { hashPasscode, readUsers } from "./users.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "isocenter-config-"));
  await writeFile(join(folder, "token"), "file-token\n");
  await writeFile(join(folder, "empty"), "\n");
});
afterAll(() => rm(folder, { recursive: true }));

async function written(json: unknown): Promise<string> {
  const path = join(folder, "isocenter.json");
  await writeFile(path, typeof json === "string" ? json : JSON.stringify(json));
  return path;
}

async function problemsOf(json: unknown): Promise<string[]> {
  const config = await written(json);
  try {
    loadConfig({ config });
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message.replaceAll(`${config}: `, "").split("\n");
  }
  throw new Error("it was taken");
}

const peers = {
  pacs: { host: "pacs.example", port: 104, aeTitle: "PACS", tls: { ca: "ca.pem" }, parallel: 4 },
  cloud: { kind: "dicomweb", url: "https://cloud.example/dicom-web", tokenFile: "token", cache: true },
};

describe("the configuration", () => {
  it("is what the defaults, the file, the environment and the command line say, the last of them first", async () => {
    const config = await written({
      aeTitle: "FILE",
      data: "data",
      http: "127.0.0.1:1",
      dicom: ":2",
      tokenFile: "token",
      peers,
      allow: ["CT1", { aeTitle: "MR1", addresses: ["10.0.0.0/8"] }],
    });
    const plain = loadConfig({ config });
    expect(plain).toMatchObject({
      aeTitle: "FILE",
      dataFolder: join(folder, "data"),
      http: { host: "127.0.0.1", port: 1 },
      dicom: { host: "127.0.0.1", port: 2 },
      token: "file-token",
      allow: [{ aeTitle: "CT1" }, { aeTitle: "MR1", addresses: ["10.0.0.0/8"] }],
      peers: [
        {
          id: "pacs",
          name: "pacs",
          calledAE: "PACS",
          callingAE: "FILE",
          parallel: 4,
          tls: { ca: [{ file: join(folder, "ca.pem") }] },
        },
      ],
      webPeers: [{ id: "cloud", url: "https://cloud.example/dicom-web", token: "file-token", cache: true }],
    });
    const env = { ISOCENTER_CONFIG: config, ISOCENTER_HTTP: "127.0.0.1:5", ISOCENTER_TOKEN: "env-token" };
    expect(loadConfig({}, env)).toMatchObject({ http: { port: 5 }, token: "env-token", aeTitle: "FILE" });
    const flags = {
      config,
      http: "127.0.0.1:6",
      aeTitle: "FLAG",
      database: "postgres://x@h/d",
      allow: ["A"],
    };
    expect(loadConfig(flags, env)).toMatchObject({
      http: { port: 6 },
      aeTitle: "FLAG",
      database: "postgres://x@h/d",
      allow: [{ aeTitle: "A" }],
    });
  });

  it("takes an environment by itself, and empty variables as none", () => {
    const env = {
      ISOCENTER_OBJECTS: "s3://b/p",
      ISOCENTER_TOKEN_FILE: join(folder, "token"),
      ISOCENTER_HTTP: "",
    };
    expect(loadConfig({ data: folder }, env)).toMatchObject({
      objects: "s3://b/p",
      token: "file-token",
      http: { port: 8104 },
    });
  });

  it.each([
    [{ htpp: ":1" }, /^the file has "htpp", which is none of aeTitle, data, http, /],
    [{ http: "nowhere" }, /^http must be HOST:PORT, such as 127\.0\.0\.1:11112\.$/],
    [{ http: 8104 }, /^http must be a text\.$/],
    [{ aeTitle: "SEVENTEEN-LETTERS" }, /^aeTitle must be an AE title of 1 to 16 characters/],
    [
      { peers: { pacs: { host: "h", port: 0, aeTitle: "P" } } },
      /^peers\.pacs\.port must be a whole number from 1 to 65535\.$/,
    ],
    [{ peers: { pacs: { host: "h", port: 104 } } }, /^peers\.pacs\.aeTitle must be a text\.$/],
    [{ peers: { pacs: { ...peers.pacs, prot: 1 } } }, /^peers\.pacs has "prot", which is none of /],
    [{ peers: { studies: peers.pacs } }, /studies/],
    [
      { peers: { c: { kind: "dicomweb", url: "ftp://x" } } },
      /^peers\.c\.url must be an http or https URL\.$/,
    ],
    [{ duplicates: "ask" }, /^duplicates must be "keep-first" or "replace" or "reject"\.$/],
    [{ allow: [] }, /^allow must be a list of 1 at least\.$/],
    [
      { allow: [{ aeTitle: "A", addresses: ["10.0.0.0/99"] }] },
      /^allow\[0\]\.addresses\[0\] must be an address/,
    ],
    [{ peerChanges: "yes" }, /^peerChanges must be true or false\.$/],
    [
      { aeTitles: [{ aeTitle: "A", peer: "x" }], peers },
      /^aeTitles\[0\]\.peer names the peer "x": the peers are pacs, cloud\.$/,
    ],
    [
      { routing: { rules: [{ name: "r", to: "x" }] } },
      /^routing\.rules\[0\]\.to names the peer "x": there are no peers\.$/,
    ],
    [{ database: "postgres://u:hunter2@h/d" }, /^database holds a password/],
    [{ tokenFile: "none" }, /^tokenFile names .*none, which cannot be read \(ENOENT\)\.$/],
    [{ tokenFile: "empty" }, /^tokenFile names .*empty, which is empty\.$/],
    ["{ broken", /is not JSON: a syntax error at position/],
  ])("says of %j where it is wrong and what is allowed", async (json, sentence) => {
    const [first] = await problemsOf(json);
    expect(first).toMatch(sentence);
  });

  it("tells every problem, and never a secret", async () => {
    const problems = await problemsOf({ http: 1, dicom: 2, token: "hunter2" });
    expect(problems).toHaveLength(3);
    expect(problems.join("\n")).not.toContain("hunter2");
    expect((await problemsOf('{"token": "hunter2" x')).join("\n")).not.toContain("hunter2");
    expect((await problemsOf({ database: "postgres://u:hunter2@h/d" })).join("\n")).not.toContain("hunter2");
  });

  it("a file that is named must be there", () => {
    expect(() => loadConfig({ config: join(folder, "none.json") })).toThrow(/There is no configuration file/);
  });

  it("a public DICOM listener needs somebody who may come in, also with TLS", async () => {
    const plain = loadConfig({ config: await written({ dicom: "0.0.0.0:1" }) });
    expect(() => checkConfig(plain)).toThrow(/needs the AE titles/);
    checkConfig(loadConfig({ config: await written({ dicom: "0.0.0.0:1", allow: ["A"] }) }));
    const dicomTls = { listen: "0.0.0.0:2762", certificate: "c.pem", key: "k.pem" };
    const open = loadConfig({ config: await written({ dicomTls }) });
    expect(() => checkConfig(open)).toThrow(/needs the AE titles/);
    checkConfig(loadConfig({ config: await written({ dicomTls: { ...dicomTls, ca: "ca.pem" } }) }));
  });

  it("has a JSON schema for editors in docs, which `npm run generate` writes", async () => {
    const path = new URL("../../../../docs/isocenter.schema.json", import.meta.url);
    expect(JSON.parse(await readFile(path, "utf8"))).toEqual(configJsonSchema());
  });

  it("users are checked against their hashes, from a file that may change", async () => {
    const path = join(folder, "users.json");
    await writeFile(path, JSON.stringify({ ann: await hashPasscode("right") }));
    const verify = readUsers(path);
    expect(await verify("ann", "right")).toBe(true);
    expect(await verify("ann", "wrong")).toBe(false);
    expect(await verify("bob", "right")).toBe(false);
    await writeFile(path, "{}");
    const { utimes } = await import("node:fs/promises");
    await utimes(path, new Date(), new Date(Date.now() + 5000));
    expect(await verify("ann", "right")).toBe(false);
  });
});
