/**
 * The configuration file as it is written: one JSON object, checked as a whole. From this schema come the types, the
 * checks and `docs/isocenter.schema.json`, which editors use.
 *
 * Secrets are not in it, only the files they are in. Names of peers' fields are those that the command line's files have.
 */
import { isIP } from "node:net";
import { z } from "zod";
import { tlsProfileNames } from "./tls-profile-names.ts";

export const aeTitleField = z
  .string()
  .regex(
    /^(?! )[\x20-\x5b\x5d-\x7e]{0,15}[\x21-\x5b\x5d-\x7e]$/,
    "must be an AE title of 1 to 16 characters without backslash",
  )
  .describe("An AE title: 1 to 16 characters, no backslash.");

const address = z
  .string()
  .regex(/^(?:\[[0-9A-Fa-f:.]+\]|[^:[\]]*):\d{1,5}$/, "must be HOST:PORT, such as 127.0.0.1:11112")
  .describe("HOST:PORT; :PORT is on loopback.");

const file = z.string().min(1).describe("A file, relative to this one.");
const whole = (minimum: number, maximum: number) => z.number().int().min(minimum).max(maximum);
const fingerprint = z
  .string()
  .regex(/^(?:[0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$/, "must be a SHA-256 fingerprint in hexadecimal");

function isNetwork(text: string): boolean {
  const [address = "", bits, ...rest] = text.split("/");
  const family = isIP(address);
  const isLength =
    bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 6 ? 128 : 32));
  return family !== 0 && isLength && rest.length === 0;
}

const peerTls = z
  .union([
    z.literal(true),
    z.strictObject({
      profile: z.enum(tlsProfileNames).optional(),
      ca: z.union([file, z.array(file).min(1)]).optional(),
      certificate: file.optional(),
      key: file.optional(),
      passphraseFile: file.optional(),
      serverName: z.string().optional(),
      fingerprints: z.array(fingerprint).min(1).optional(),
    }),
  ])
  .describe("true trusts what the system trusts; an object says more.");

const everyPeer = {
  name: z.string().min(1).max(100).optional().describe("For people; the id when left out."),
  characterSet: z
    .string()
    .regex(/^[A-Z0-9_ ]{1,16}$/, "must be a defined term of (0008,0005), such as ISO_IR 100")
    .optional()
    .describe("Of text in answers that name no character set, such as ISO_IR 100."),
  cache: z
    .boolean()
    .optional()
    .describe("Keep in the archive what the gateway retrieves; answer from there what is complete."),
};

const dimsePeer = z.strictObject({
  kind: z.literal("dimse").optional(),
  ...everyPeer,
  host: z.string().min(1).max(253),
  port: whole(1, 65_535),
  aeTitle: aeTitleField.describe("The peer's AE title."),
  callingAeTitle: aeTitleField.optional().describe("Ours, where this peer knows us by another."),
  tls: peerTls.optional(),
  retrieve: z
    .enum(["auto", "get", "move"])
    .optional()
    .describe("auto: C-GET, and C-MOVE where there is none."),
  parallel: whole(1, 16).optional().describe("Associations at a time; 1 when left out."),
});

const webPeer = z.strictObject({
  kind: z.literal("dicomweb"),
  ...everyPeer,
  url: z.url({ protocol: /^https?$/ }).describe("The service root, https://pacs.example.org/dicom-web."),
  tokenFile: file.optional().describe("Sent as a bearer token."),
  basic: z.strictObject({ user: z.string().min(1), passwordFile: file }).optional(),
});

const peerId = z
  .string()
  .regex(
    /^(?!(?:studies|series|instances|wado)$)[A-Za-z][A-Za-z0-9_-]{0,63}$/,
    "must be a name of letters, digits, - and _",
  );

const allowed = z.union([
  aeTitleField,
  z.strictObject({
    aeTitle: aeTitleField,
    addresses: z
      .array(z.string().refine(isNetwork, "must be an address, or a network such as 10.1.0.0/16"))
      .min(1)
      .optional()
      .describe("From nowhere else: addresses and networks, 10.1.0.0/16."),
    fingerprints: z
      .array(fingerprint)
      .min(1)
      .optional()
      .describe("Only with one of these client certificates."),
  }),
]);

const dicomTls = z.strictObject({
  listen: address,
  certificate: file,
  key: file,
  passphraseFile: file.optional(),
  ca: z.union([file, z.array(file).min(1)]).optional(),
  clientCertificates: z.enum(["required", "optional", "none"]).optional(),
  profile: z.enum(tlsProfileNames).optional(),
});

const rule = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "must be a name of letters, digits, - and _"),
  when: z
    .strictObject({
      callingAeTitle: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
      modality: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
      attributes: z
        .record(z.string(), z.union([z.string(), z.array(z.string()).min(1)]))
        .optional()
        .describe("By keyword or tag; * and ? stand for any characters and any one."),
    })
    .optional()
    .describe("All of it must be so; everything matches when left out."),
  to: z.union([peerId, z.array(peerId).min(1)]).describe("Ids of peers."),
});

const routing = z.strictObject({
  rules: z.array(rule).max(1000),
  destinations: z
    .record(
      peerId,
      z.strictObject({
        parallel: whole(1, 16).optional().describe("Associations at a time; the peer's own when left out."),
        transferSyntax: z
          .string()
          .regex(/^[0-9.]{1,64}$/, "must be a transfer syntax UID")
          .optional(),
        maximumAttempts: whole(1, 100)
          .optional()
          .describe("Of an instance that is refused; 5 when left out."),
        giveUpHours: z
          .number()
          .min(0.01)
          .max(8760)
          .optional()
          .describe("Of a peer that is not there; 72 when left out."),
      }),
    )
    .optional(),
});

export const configFile = z
  .strictObject({
    $schema: z.string().optional(),
    aeTitle: aeTitleField.optional().describe("Ours."),
    data: file.optional().describe("Folder of the archive."),
    http: address.optional(),
    dicom: address.optional(),
    dicomTls: dicomTls.optional().describe("A second DICOM listener, with TLS."),
    database: z
      .string()
      .regex(/^postgres(?:ql)?:\/\//, "must be postgres://USER@HOST/DATABASE")
      .optional(),
    databaseFile: file.optional().describe("Holds the URL of the database, where it has a password."),
    objects: z
      .string()
      .regex(/^s3:\/\//, "must be s3://BUCKET/PREFIX?endpoint=…")
      .optional(),
    duplicates: z.enum(["keep-first", "replace", "reject"]).optional(),
    quota: z
      .strictObject({
        maximumGiB: z.number().positive().optional(),
        maximumAgeDays: z.number().positive().optional(),
        everyMinutes: z.number().min(1).max(10_080).optional().describe("How often; 15 when left out."),
      })
      .optional(),
    tokenFile: file.optional().describe("Holds the token that HTTP requests must carry."),
    publicOrigin: z.url({ protocol: /^https?$/ }).optional(),
    webOrigins: z
      .array(z.url({ protocol: /^https?$/ }))
      .optional()
      .describe("Pages that may use /dicom-web."),
    peerChanges: z.boolean().optional().describe("Whether requests may change peers; on loopback they may."),
    allow: z.array(allowed).min(1).optional().describe("Who may open associations; anyone when left out."),
    users: z
      .strictObject({ file, required: z.boolean().optional() })
      .optional()
      .describe("User identities that associations may show: a JSON object of names and passcode hashes."),
    limits: z
      .strictObject({
        associations: whole(1, 10_000).optional(),
        maximumPduLength: whole(4096, 0x4000_0000).optional(),
        idleSeconds: whole(1, 86_400).optional(),
        jobs: whole(1, 64).optional(),
        gatewayMiB: whole(16, 1_048_576)
          .optional()
          .describe("Memory for what the gateway holds; 256 when left out."),
      })
      .optional(),
    peers: z.record(peerId, z.union([webPeer, dimsePeer])).optional(),
    aeTitles: z
      .array(z.strictObject({ aeTitle: aeTitleField, peer: peerId }))
      .optional()
      .describe("AE titles under which DICOM reaches a peer through here."),
    routing: routing.optional(),
    audit: z
      .strictObject({ file: file.optional(), on: z.boolean().optional() })
      .optional()
      .describe("The trail is audit.jsonl in the data folder when left out."),
    log: z.strictObject({ level: z.enum(["fatal", "error", "warn", "info", "debug"]).optional() }).optional(),
    drainSeconds: z
      .number()
      .min(0)
      .max(3600)
      .optional()
      .describe("For what runs when the server stops; 10 when left out."),
  })
  .describe("Isocenter's configuration");

export type ConfigFile = z.infer<typeof configFile>;

/** What editors read. */
export function configJsonSchema(): object {
  return { ...z.toJSONSchema(configFile, { io: "input" }), title: "isocenter.json" };
}
