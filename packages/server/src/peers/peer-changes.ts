/** What may be set of a peer through the API, and what is told of it: logins go in and never come out. */
import { z } from "@hono/zod-openapi";
import type { PeerEntry } from "./peer.ts";
import { aeTitle, host, port } from "../http/schemas.ts";

const id = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, "A letter, then letters, digits, - and _, 64 at most.")
  // These are names of resources in /dicom-web.
  .refine((name) => !["studies", "series", "instances", "wado"].includes(name), "This name is taken.")
  .openapi({ example: "pacs" });

const name = z.string().trim().min(1).max(100).optional();
const characterSet = z
  .string()
  .regex(/^[A-Z0-9_ ]{1,16}$/, "A defined term of (0008,0005), such as ISO_IR 100.")
  .optional()
  .openapi({ description: "Of text in answers that name no character set." });
const cache = z
  .boolean()
  .optional()
  .openapi({ description: "Keep in the archive what the gateway retrieves, and answer from there." });

/** Keys and files are set in the configuration only: a request must not make the server read a file. */
const tls = z
  .union([
    z.literal(true),
    z
      .object({
        profile: z
          .enum(["bcp195", "bcp195-non-downgrading", "bcp195-modified", "bcp195-extended"])
          .optional(),
        serverName: z.string().max(253).optional(),
        fingerprints: z
          .array(z.string().regex(/^(?:[0-9A-Fa-f]{2}:?){32}$/))
          .min(1)
          .max(8)
          .optional(),
        ca: z
          .string()
          .max(65_536)
          .regex(/^-----BEGIN CERTIFICATE-----/)
          .optional()
          .openapi({ description: "PEM." }),
      })
      .strict(),
  ])
  .optional();

const dimse = z
  .object({
    id,
    kind: z.literal("dimse"),
    name,
    host,
    port: port.default(104),
    callingAE: aeTitle,
    calledAE: aeTitle,
    tls,
    retrieve: z.enum(["auto", "get", "move"]).optional(),
    parallel: z.number().int().min(1).max(16).optional(),
    characterSet,
    cache,
  })
  .strict();

const dicomweb = z
  .object({
    id,
    kind: z.literal("dicomweb"),
    name,
    url: z.url({ protocol: /^https?$/ }),
    token: z.string().min(1).max(8192).optional(),
    login: z.object({ user: z.string().max(256), password: z.string().max(1024) }).optional(),
    characterSet,
    cache,
  })
  .strict();

export const peerBody = z.discriminatedUnion("kind", [dimse, dicomweb]).openapi("PeerSettings");
export type PeerSettings = z.infer<typeof peerBody>;

const told = {
  id: z.string(),
  name: z.string(),
  origin: z.enum(["config", "stored", "connected"]).openapi({
    description: "`config`: changed in the configuration file; `connected`: forgotten at the next start.",
  }),
  characterSet: z.string().optional(),
  cache: z.boolean().optional(),
  lastEcho: z.object({ at: z.string(), ok: z.boolean(), roundTripMs: z.number().optional() }).optional(),
};

export const peerAnswer = z
  .discriminatedUnion("kind", [
    z.object({
      ...told,
      kind: z.literal("dimse"),
      host: z.string(),
      port: z.number(),
      callingAE: z.string(),
      calledAE: z.string(),
      secure: z.boolean(),
      retrieve: z.enum(["auto", "get", "move"]),
      parallel: z.number(),
    }),
    z.object({
      ...told,
      kind: z.literal("dicomweb"),
      url: z.string(),
      hasLogin: z.boolean(),
    }),
  ])
  .openapi("Peer");

export function entryOf(settings: PeerSettings): PeerEntry {
  const { id: given, name: called = given, characterSet: text, cache: isCached } = settings;
  const common = {
    id: given,
    name: called,
    origin: "stored",
    ...defined({ characterSet: text, cache: isCached }),
  } as const;
  if (settings.kind === "dicomweb") {
    const { url, token, login } = settings;
    return { ...common, protocol: "dicomweb", url, ...defined({ token, login }) };
  }
  const { host: name, port: number, callingAE, calledAE, retrieve, parallel } = settings;
  const secure = settings.tls === true ? {} : settings.tls;
  return {
    ...common,
    protocol: "dimse",
    host: name,
    port: number,
    callingAE,
    calledAE,
    ...defined({ retrieve, parallel }),
    ...(secure === undefined ? {} : { tls: defined(secure) }),
  };
}

export function shownPeer(peer: PeerEntry): z.infer<typeof peerAnswer> {
  const { id: known, name: called, origin, characterSet: text, cache: isCached, lastEcho } = peer;
  const common = {
    id: known,
    name: called,
    origin,
    ...(text === undefined ? {} : { characterSet: text }),
    ...(isCached === undefined ? {} : { cache: isCached }),
    ...(lastEcho === undefined ? {} : { lastEcho }),
  };
  if (peer.protocol === "dicomweb") {
    const hasLogin = peer.token !== undefined || peer.login !== undefined;
    return { ...common, kind: "dicomweb", url: peer.url, hasLogin };
  }
  return {
    ...common,
    kind: "dimse",
    host: peer.host,
    port: peer.port,
    callingAE: peer.callingAE,
    calledAE: peer.calledAE,
    secure: peer.tls !== undefined,
    retrieve: peer.retrieve ?? "auto",
    parallel: peer.parallel ?? 1,
  };
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without what is undefined. */
function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}
