/**
 * What the doctor is given and what it reports: plain data, so that a command line, an HTTP API and a page show the same.
 *
 * A report holds no patient data: of a match it keeps the character set and which keys were answered, nothing else.
 */
import type { AssociateOptions, Association } from "../association.ts";
import type { NetworkErrorCode, TimerName } from "../errors.ts";
import type { StoreInstance } from "../services/service-user.ts";
import type { Clock } from "../timers.ts";

/** How the doctor reaches the peer. */
export interface DoctorEnvironment {
  /** Opens an association to the peer that is examined. */
  readonly connect: (options: AssociateOptions) => Promise<Association>;
  /** Whether the port answers a TLS handshake; left out where that cannot be tried. */
  readonly tryTls?: (signal: AbortSignal) => Promise<TlsAnswer>;
  /**
   * What the port answers to a plain HTTP request, its first bytes; undefined when nothing. Tells services that wait for
   * a line of text. Left out where that cannot be tried.
   */
  readonly tryText?: (signal: AbortSignal) => Promise<Uint8Array | undefined>;
  readonly clock?: Clock;
}

export interface TlsAnswer {
  readonly speaksTls: boolean;
  /** `TLSv1.3`. */
  readonly protocol?: string;
  readonly cipher?: string;
  /** Of the certificate: its subject's common name, and the last day it is valid. */
  readonly subject?: string;
  readonly validTo?: string;
}

export interface DoctorOptions {
  /** As shown in the report. */
  readonly host: string;
  readonly port: number;
  readonly callingAeTitle: string;
  /** Undefined when it is not known: usual ones are tried. */
  readonly calledAeTitle?: string | undefined;
  /** Whether `connect` speaks TLS, for the words of the report. */
  readonly usesTls?: boolean;
  /** For one probe, in ms. Default 10,000. */
  readonly probeMs?: number;
  /** For all of it, in ms; probes that are left then are skipped. Default 120,000. */
  readonly totalMs?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ProbeProgress) => void;
  /** Stored at the peer, as the only thing that is; without it nothing is changed there. */
  readonly storeTest?: StoreInstance;
}

export interface ProbeProgress {
  readonly name: ProbeName;
  /** What is being tried, in words. */
  readonly title: string;
  readonly index: number;
  readonly count: number;
}

export const probeTitles = {
  reach: "Reaching the peer",
  tls: "TLS on the port",
  text: "Other protocols on the port",
  titles: "AE titles",
  strictness: "Whether other AE titles are let in",
  echo: "Verification and latency",
  services: "Query, retrieve and workflow services",
  storage: "Storage SOP classes",
  syntaxes: "Transfer syntaxes",
  limits: "Window and extended negotiation",
  query: "A query",
  charset: "A query beyond ASCII",
  worklist: "A worklist query",
  get: "Retrieval with C-GET",
  move: "Retrieval with C-MOVE",
  store: "Storing the test instance",
} as const;
export type ProbeName = keyof typeof probeTitles;

/** An error as a report keeps it. */
export interface Failure {
  readonly code: NetworkErrorCode | "timeout" | "unexpected";
  readonly message: string;
  /** Rejections: the standard's words. */
  readonly reason?: string;
  /** DIMSE failures: the status code. */
  readonly status?: number;
  readonly timer?: TimerName;
}

export interface ProbeRecord {
  readonly name: ProbeName;
  readonly title: string;
  readonly ms: number;
  readonly outcome: "done" | "failed" | "skipped";
  readonly failure?: Failure;
}

export interface TitleTrial {
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
  readonly accepted: boolean;
  readonly failure?: Failure;
}

export interface ServiceAnswer {
  readonly sopClassUid: string;
  readonly name: string;
  readonly accepted: boolean;
  readonly transferSyntaxUid?: string;
  /** As the standard names it. */
  readonly result: string;
}

export interface QueryAnswer {
  /** The peer answered, with or without a match. */
  readonly ok: boolean;
  readonly failure?: Failure;
  /** A match was seen; it was looked at for the following alone. */
  readonly sawMatch: boolean;
  /** (0008,0005) of the match. */
  readonly characterSet?: string;
  /** Whether SOP Classes in Study was answered, by which C-GET chooses its contexts. */
  readonly tellsSopClasses?: boolean;
}

/** Everything that was found out; a field is absent when its probe did not come to a result. */
export interface Facts {
  readonly reach?: {
    readonly outcome: "associated" | "rejected" | "aborted" | "unreachable" | "no-dicom" | "silent";
    /** Connection and association together. */
    readonly ms: number;
    readonly failure?: Failure;
  };
  readonly tls?: TlsAnswer;
  /** What the port speaks instead of DICOM, in a sentence. */
  readonly otherProtocol?: string;
  /** What was tried, and the titles that work. */
  readonly trials?: readonly TitleTrial[];
  readonly callingAeTitle?: string;
  readonly calledAeTitle?: string;
  readonly implementation?: { readonly classUid: string; readonly versionName?: string };
  /** Bytes that the peer takes in one P-DATA-TF; 0 for no limit. */
  readonly maximumPduLength?: number;
  readonly checksCalled?: boolean;
  readonly checksCalling?: boolean;
  readonly echo?: {
    readonly count: number;
    readonly firstMs: number;
    readonly medianMs: number;
    readonly bestMs: number;
    /** From A-ASSOCIATE-RQ to its answer. */
    readonly associationMs: number;
    /** Answers come as late as a delayed TCP acknowledgement lets them: about 40 ms, each time. */
    readonly looksDelayed: boolean;
  };
  readonly services?: readonly ServiceAnswer[];
  readonly storage?: {
    readonly accepted: readonly { readonly sopClassUid: string; readonly name: string }[];
    readonly offered: number;
    /** Accepts a class that does not exist: it answers for everything. */
    readonly acceptsAnything: boolean;
  };
  /** Of the usual classes that are accepted: the syntaxes in which. */
  readonly syntaxes?: readonly {
    readonly sopClassUid: string;
    readonly name: string;
    readonly accepted: readonly { readonly uid: string; readonly name: string }[];
  }[];
  readonly limits?: {
    /** Operations that may be under way; undefined where the window was not answered. */
    readonly window?: { readonly invoked: number; readonly performed: number };
    readonly relational?: boolean;
    readonly fuzzy?: boolean;
    /** The peer did not take an association with these items at all. */
    readonly refusedItems?: boolean;
  };
  readonly query?: QueryAnswer;
  readonly charset?: QueryAnswer;
  readonly worklist?: QueryAnswer;
  readonly get?: {
    readonly ok: boolean;
    readonly failure?: Failure;
    /** How the peer answered that we take instances: a role, none, or a refusal. */
    readonly role: "answered" | "not-answered" | "refused" | "no-context";
  };
  readonly move?: {
    /** Whether the peer knows our AE title as a destination; undefined where its answer does not tell. */
    readonly knowsUs?: boolean;
    readonly failure?: Failure;
  };
  readonly store?: { readonly ok: boolean; readonly failure?: Failure; readonly warning?: string };
}

export interface Finding {
  readonly kind: "works" | "note" | "problem";
  /** Stable, for programs. */
  readonly code: string;
  /** What is so. */
  readonly text: string;
  /** What it means for the user. */
  readonly means?: string;
  /** What to try. */
  readonly advice?: string;
}

export interface DoctorReport {
  readonly host: string;
  readonly port: number;
  readonly startedAt: string;
  readonly ms: number;
  /** `works`: nothing wrong was found; `limited`: associations come about, and something does not work. */
  readonly verdict: "works" | "limited" | "refused" | "unreachable";
  readonly facts: Facts;
  readonly probes: readonly ProbeRecord[];
  readonly findings: readonly Finding[];
  /** To send to who administers the peer; undefined when there is nothing to ask for. */
  readonly administratorText?: string;
}
