/** Who may open associations. */
import { describe, expect, it } from "vitest";
import { hashPasscode, type VerifyUser } from "../config/users.ts";
import { accessRule, identityRule } from "./access.ts";

const fingerprint = "ab".repeat(32);
const from = (remote: string, print?: string) => ({
  remote,
  ...(print === undefined
    ? {}
    : {
        security: { protocol: "TLSv1.3", cipher: "x", peerCertificate: { fingerprint256: print } as never },
      }),
});

describe("access", () => {
  it.each([
    ["anyone, where nothing is said", undefined, "X", from("1.2.3.4:5"), true],
    ["a known title", [{ aeTitle: "CT1" }], "CT1", from("1.2.3.4:5"), true],
    ["not another title", [{ aeTitle: "CT1" }], "ct1", from("1.2.3.4:5"), false],
    ["from its network", [{ aeTitle: "CT1", addresses: ["10.0.0.0/8"] }], "CT1", from("10.9.8.7:5"), true],
    [
      "also where IPv6 carries IPv4",
      [{ aeTitle: "CT1", addresses: ["10.0.0.1"] }],
      "CT1",
      from("[::ffff:10.0.0.1]:5"),
      true,
    ],
    ["not from elsewhere", [{ aeTitle: "CT1", addresses: ["10.0.0.0/8"] }], "CT1", from("11.0.0.1:5"), false],
    ["not from nowhere", [{ aeTitle: "CT1", addresses: ["10.0.0.0/8"] }], "CT1", from(""), false],
    [
      "with its certificate",
      [{ aeTitle: "CT1", fingerprints: ["AB:".repeat(31) + "AB"] }],
      "CT1",
      from("1.2.3.4:5", fingerprint),
      true,
    ],
    ["not without one", [{ aeTitle: "CT1", fingerprints: [fingerprint] }], "CT1", from("1.2.3.4:5"), false],
    [
      "not with another's",
      [{ aeTitle: "CT1", fingerprints: [fingerprint] }],
      "CT1",
      from("1.2.3.4:5", "cd".repeat(32)),
      false,
    ],
  ])("%s", (_, allow, callingAeTitle, connection, isAllowed) => {
    expect(accessRule(allow)({ callingAeTitle }, connection)).toBe(isAllowed);
  });

  it("an identity has to be right; whether there must be one is set", async () => {
    expect(await hashPasscode("p")).toMatch(/^scrypt:/);
    const verify: VerifyUser = (name, passcode) => Promise.resolve(name === "ann" && passcode === "right");
    const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
    const identity = (passcode: string) => ({
      type: "username-and-passcode" as const,
      primary: bytes("ann"),
      secondary: bytes(passcode),
      positiveResponseRequested: false,
    });
    const rule = identityRule({ verify });
    expect(await rule(undefined)).toBe(true);
    expect(await rule(identity("right"))).toBe(true);
    expect(await rule(identity("wrong"))).toBe(false);
    expect(await rule({ type: "username", primary: bytes("ann"), positiveResponseRequested: false })).toBe(
      false,
    );
    expect(await identityRule({ verify, required: true })(undefined)).toBe(false);
  });
});
