/** The peer on a command line, and the files that know peers by name. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Configuration, readConfigFile, readConfiguration, writeConfigFile } from "./config-file.ts";
import { peerOperand } from "./peer.ts";

const configuration: Configuration = {
  aeTitle: "WS1",
  paths: [],
  peers: new Map([
    ["pacs", { name: "pacs", path: "x", host: "pacs.example.org", port: 104, aeTitle: "PACS" }],
    [
      "old",
      { name: "old", path: "x", host: "10.0.0.1", port: 11112, aeTitle: "OLD", callingAeTitle: "SPECIAL" },
    ],
  ]),
};
const none = { callingAe: undefined, calledAe: undefined };

describe("the peer operand", () => {
  it.each([
    [
      ["127.0.0.1:104", "file"],
      { host: "127.0.0.1", port: 104, calledAeTitle: "ANY-SCP", callingAeTitle: "WS1" },
      ["file"],
    ],
    [["localhost", "104", "file"], { host: "localhost", port: 104 }, ["file"]],
    [["PACS@10.0.0.1:11112"], { host: "10.0.0.1", port: 11112, calledAeTitle: "PACS" }, []],
    [["A@B@10.0.0.1:11112"], { host: "10.0.0.1", calledAeTitle: "A@B" }, []],
    [["PACS@10.0.0.1", "11112"], { host: "10.0.0.1", port: 11112, calledAeTitle: "PACS" }, []],
    [["[::1]:104"], { host: "::1", port: 104 }, []],
    [
      ["pacs", "104"],
      { host: "pacs.example.org", port: 104, calledAeTitle: "PACS", callingAeTitle: "WS1" },
      ["104"],
    ],
    [["old"], { host: "10.0.0.1", calledAeTitle: "OLD", callingAeTitle: "SPECIAL" }, []],
  ])("%j", (operands, peer, rest) => {
    const found = peerOperand(operands, none, configuration);
    expect(found.peer).toMatchObject(peer);
    expect(found.rest).toEqual(rest);
  });

  it("options win over what is known", () => {
    const titles = { callingAe: "ME", calledAe: "THEM" };
    expect(peerOperand(["old"], titles, configuration).peer).toMatchObject({
      callingAeTitle: "ME",
      calledAeTitle: "THEM",
    });
  });

  it.each([
    [[], /Name the peer/],
    [["nowhere"], /no known peer: write HOST:PORT, or add it .* Known are pacs, old/],
    [["10.0.0.1:99999"], /is not an address/],
    [["SEVENTEEN-LETTERS@10.0.0.1:104"], /is not an AE title/],
  ])("%j is refused", (operands, words) => {
    expect(() => peerOperand(operands, none, configuration)).toThrow(words);
  });
});

describe("the file", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "isocenter-peers-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each([
    ["{", /is not JSON/],
    ["[]", /must be an object/],
    ['{"peer": {}}', /has "peer", which is none of aeTitle, peers/],
    ['{"peers": {"a b": {}}}', /is not a name for a peer/],
    ['{"peers": {"a": {"port": 104, "aeTitle": "A"}}}', /the peer "a" needs "host"/],
    ['{"peers": {"a": {"host": "h", "port": 0, "aeTitle": "A"}}}', /needs "port", a number from 1 to 65535/],
    ['{"peers": {"a": {"host": "h", "port": "104", "aeTitle": "A"}}}', /needs "port"/],
    ['{"peers": {"a": {"host": "h", "port": 104}}}', /"aeTitle" must be an AE title/],
    [
      '{"peers": {"a": {"host": "h", "port": 104, "aeTitle": "A", "TLS": true}}}',
      /has "TLS", which is none of kind, host, port, aeTitle, callingAeTitle, tls/,
    ],
    ['{"peers": {"a": {"host": "h", "port": 104, "aeTitle": "A", "tls": "yes"}}}', /"tls" must be an object/],
    [
      '{"peers": {"a": {"host": "h", "port": 104, "aeTitle": "A", "tls": {"key": "k"}}}}',
      /needs "certificate" and "key", or neither/,
    ],
    [
      '{"peers": {"a": {"host": "h", "port": 104, "aeTitle": "A", "tls": {"ca": [1]}}}}',
      /"ca" must be a text, or a list of them/,
    ],
    [
      '{"peers": {"a": {"host": "h", "port": 104, "aeTitle": "A", "tls": {"profile": "ssl3"}}}}',
      /"ssl3" is no TLS profile/,
    ],
    [
      '{"peers": {"a": {"host": "h", "port": 104, "aeTitle": "A", "tls": {"fingerprints": ["ab"]}}}}',
      /is not a SHA-256 fingerprint/,
    ],
    [
      '{"peers": {"a": {"host": "h", "port": 104, "aeTitle": "A", "kind": "ftp"}}}',
      /"kind" must be dimse or dicomweb/,
    ],
    ['{"peers": {"a": {"kind": "dicomweb", "url": "ftp://h"}}}', /needs "url"/],
    [
      '{"peers": {"a": {"kind": "dicomweb", "url": "http://h", "basic": {}}}}',
      /needs "user" and "passwordFile"/,
    ],
    ['{"aeTitle": "SEVENTEEN-LETTERS"}', /is not an AE title/],
  ])("%s is refused by what is wrong in it", async (text, words) => {
    const path = join(folder, "wrong.json");
    await writeFile(path, text);
    await expect(readConfigFile(path)).rejects.toThrow(words);
  });

  it("is written so that nobody else reads it, and read back", async () => {
    const path = join(folder, "new", "peers.json");
    const peers = { pacs: { host: "h", port: 104, aeTitle: "PACS" } };
    await writeConfigFile({ path, aeTitle: "ME", peers });
    expect(await readConfigFile(path)).toEqual({ path, aeTitle: "ME", peers });
    expect(JSON.parse(await readFile(path, "utf8"))).toEqual({ aeTitle: "ME", peers });
  });

  it("a missing one that was named is an error, the usual ones may be missing", async () => {
    const env = { HOME: join(folder, "nobody") };
    await expect(readConfiguration({ env }, join(folder, "missing.json"))).rejects.toThrow(
      /There is no file/,
    );
    expect((await readConfiguration({ env }, undefined)).peers.size).toBe(0);
  });

  it("of the user is found by XDG_CONFIG_HOME", async () => {
    const path = join(folder, "xdg", "isocenter", "peers.json");
    await writeConfigFile({ path, peers: { near: { host: "h", port: 104, aeTitle: "NEAR" } } });
    const { peers } = await readConfiguration({ env: { XDG_CONFIG_HOME: join(folder, "xdg") } }, undefined);
    expect(peers.get("near")).toMatchObject({ aeTitle: "NEAR", path });
  });
});
