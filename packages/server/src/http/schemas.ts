/** Request and response bodies of the HTTP API: types, validation and OpenAPI document from one place. */
import { z } from "@hono/zod-openapi";

export const aeTitle = z
  .string()
  .trim()
  .regex(/^[\x20-\x5b\x5d-\x7e]{1,16}$/, "An AE title has 1 to 16 characters and no backslash.")
  .openapi({ example: "ISOCENTER" });

export const host = z
  .string()
  .trim()
  .min(1)
  .max(253)
  .regex(/^[^\s/@?#]+$/, "A host name or IP address.")
  .openapi({ example: "127.0.0.1" });
export const port = z.number().int().min(1).max(65535);

const spelledOut = {
  host,
  port: port.default(104).openapi({ description: "104, the registered DICOM port, when left out." }),
  callingAE: aeTitle.openapi({ description: "Our AE title, which the peer may have to know." }),
  calledAE: aeTitle.openapi({ description: "The peer's AE title." }),
};

export const connectBody = z.object(spelledOut).openapi("ConnectRequest");

/** A peer named by id (`connectionId` or `peer`) or spelled out. */
const peerFields = {
  connectionId: z.string().optional().openapi({ description: "What connect answered." }),
  peer: z.string().optional().openapi({ description: "Id of a configured peer." }),
  host: host.optional(),
  port: port.optional(),
  callingAE: aeTitle.optional(),
  calledAE: aeTitle.optional(),
};

export const echoBody = z.object(peerFields).openapi("EchoRequest");
export type PeerFields = z.infer<typeof echoBody>;

const criterion = z.union([z.string(), z.number(), z.array(z.string()), z.null()]);

export const findBody = z
  .object({
    ...peerFields,
    level: z.enum(["PATIENT", "STUDY", "SERIES", "IMAGE"]).default("STUDY"),
    criteria: z
      .record(z.string(), criterion)
      .default({})
      .openapi({
        description:
          "Matching keys by short name (patientName, patientID, studyDate), keyword or tag. Wildcards * and ?, ranges 20240101-20241231.",
        example: { patientName: "LIND*", studyDate: "20200101-" },
      }),
    limit: z.number().int().min(1).max(10_000).default(200),
  })
  .openapi("FindRequest");

const uid = z
  .string()
  .regex(/^[0-9A-Za-z][0-9A-Za-z._-]{0,127}$/, "A UID.")
  .openapi({ example: "1.2.840.113619.2.1" });

const selection = z.object({
  studyInstanceUID: uid,
  seriesInstanceUID: uid.optional(),
  sopInstanceUID: uid.optional(),
});
export type SelectionFields = z.infer<typeof selection>;

const transferFields = {
  ...peerFields,
  studyInstanceUID: uid.optional(),
  seriesInstanceUID: uid.optional(),
  sopInstanceUID: uid.optional(),
  selections: z
    .array(selection)
    .min(1)
    .max(1000)
    .optional()
    .openapi({ description: "Several at once, instead of the UIDs beside it." }),
};

export const getBody = z.object(transferFields).openapi("GetRequest");
export const sendBody = z.object(transferFields).openapi("StoreRequest");
export const moveBody = z
  .object({
    ...transferFields,
    destination: aeTitle.openapi({ description: "AE title that the peer sends to, and has to know." }),
  })
  .openapi("MoveRequest");

export const transferQuery = z.object({
  async: z
    .enum(["0", "1"])
    .optional()
    .openapi({ description: "1 begins a job in the background and answers it." }),
});

const counters = {
  completed: z.number(),
  failed: z.number(),
  warning: z.number(),
};

export const progress = z
  .object({
    remaining: z.number().nullable().openapi({ description: "null where nobody knows how many there are." }),
    ...counters,
  })
  .openapi("Progress");

const transferResult = z
  .object({
    status: z.enum(["success", "warning", "failure", "cancelled"]),
    ...counters,
    failures: z
      .array(
        z.object({
          sopInstanceUID: z.string(),
          status: z.string().optional(),
          reason: z.string().optional(),
        }),
      )
      .openapi({ description: "The first hundred of those that failed." }),
    ms: z.number(),
  })
  .openapi("TransferResult");

export const jobAnswer = z
  .object({
    id: z.string(),
    kind: z.enum(["get", "move", "store"]),
    peer: z.string(),
    state: z.enum(["queued", "running", "succeeded", "failed", "cancelled"]),
    progress,
    result: transferResult.optional(),
    problem: z.object({ code: z.string(), detail: z.string() }).optional(),
    createdAt: z.string(),
    startedAt: z.string().optional(),
    endedAt: z.string().optional(),
  })
  .openapi("Job");

export const jobsAnswer = z.object({ jobs: z.array(jobAnswer) }).openapi("Jobs");

const negotiatedContext = z.object({
  abstractSyntax: z.string(),
  abstractSyntaxName: z.string(),
  result: z.string().openapi({ example: "accepted" }),
  transferSyntax: z.string().optional(),
  transferSyntaxName: z.string().optional(),
});

export const connectAnswer = z
  .object({
    connectionId: z.string(),
    peer: z.object({ host: z.string(), port: z.number(), callingAE: z.string(), calledAE: z.string() }),
    roundTripMs: z.number().openapi({ description: "C-ECHO round trip in milliseconds." }),
    negotiated: z.object({
      maximumPduLength: z
        .number()
        .openapi({ description: "Bytes that the peer takes in one PDU; 0 means no limit." }),
      implementationClassUid: z.string(),
      implementationVersionName: z.string().optional(),
      contexts: z.array(negotiatedContext),
    }),
  })
  .openapi("ConnectAnswer");

export const echoAnswer = z
  .object({ status: z.literal("success"), roundTripMs: z.number() })
  .openapi("EchoAnswer");

const result = z
  .object({
    patientName: z.string().optional(),
    patientID: z.string().optional(),
    studyDate: z.string().optional(),
    modality: z.string().optional(),
    studyInstanceUID: z.string().optional(),
    dicom: z
      .record(z.string(), z.unknown())
      .openapi({ description: "The whole match as DICOM JSON (PS3.18 F)." }),
  })
  .catchall(z.unknown())
  .openapi("FindResult");

export const findAnswer = z
  .object({
    level: z.string(),
    source: z.enum(["local", "peer"]),
    truncated: z.boolean().openapi({ description: "There were more matches than `limit`." }),
    results: z.array(result),
  })
  .openapi("FindAnswer");

export const peersAnswer = z
  .object({
    peers: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        host: z.string(),
        port: z.number(),
        callingAE: z.string(),
        calledAE: z.string(),
        kind: z.enum(["configured", "connected"]),
        lastEcho: z
          .object({ at: z.string(), ok: z.boolean(), roundTripMs: z.number().optional() })
          .optional(),
      }),
    ),
  })
  .openapi("PeersAnswer");

const counts = z.object({
  patients: z.number(),
  studies: z.number(),
  series: z.number(),
  instances: z.number(),
});
const listening = z.object({ host: z.string(), port: z.number() });

export const aboutAnswer = z
  .object({
    name: z.string(),
    version: z.string(),
    dicom: listening.extend({ aeTitle: z.string() }),
    http: listening,
    dataFolder: z.string(),
    demo: z.boolean(),
    counts,
    startedAt: z.string(),
  })
  .openapi("AboutAnswer");

/** RFC 9457. */
export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number(),
    detail: z.string(),
    code: z.string(),
    hint: z.string().optional(),
    dimseStatus: z.string().optional(),
    reject: z.object({ result: z.string(), source: z.string(), reason: z.string() }).optional(),
    abort: z.object({ source: z.string(), reason: z.string().optional() }).optional(),
  })
  .openapi("Problem");

/** A line of a transfer's answer: progress, and at the end the result or what went wrong. */
export const transferLine = z
  .union([progress, z.object({ result: transferResult }), z.object({ problem })])
  .openapi("TransferLine");

export const changeEvent = z
  .object({
    seq: z.number(),
    at: z.string(),
    kind: z.string(),
    studyInstanceUid: z.string(),
    seriesInstanceUid: z.string().optional(),
    sopInstanceUid: z.string().optional(),
  })
  .openapi("Change");

export type Problem = z.infer<typeof problem>;
