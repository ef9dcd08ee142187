/** What the HTTP API sends and takes (/api/openapi.json). */

export type DicomJsonValue = string | number | null | { readonly [key: string]: unknown };
export interface DicomJsonElement {
  readonly vr: string;
  readonly Value?: readonly DicomJsonValue[];
  readonly InlineBinary?: string;
  readonly BulkDataURI?: string;
}
export type DicomJson = Readonly<Record<string, DicomJsonElement>>;

export interface FindResult {
  readonly patientName?: string;
  readonly patientID?: string;
  readonly patientBirthDate?: string;
  readonly patientSex?: string;
  readonly studyDate?: string;
  readonly studyTime?: string;
  readonly modality?: string;
  readonly modalities?: readonly string[];
  readonly studyDescription?: string;
  readonly accessionNumber?: string;
  readonly studyInstanceUID?: string;
  readonly numberOfSeries?: number;
  readonly numberOfInstances?: number;
  readonly seriesInstanceUID?: string;
  readonly seriesDescription?: string;
  readonly seriesNumber?: number | string;
  readonly bodyPartExamined?: string;
  readonly dicom: DicomJson;
}

export interface FindAnswer {
  readonly level: string;
  readonly source: "local" | "peer";
  readonly truncated: boolean;
  readonly results: readonly FindResult[];
}

export type Criteria = Readonly<Record<string, string>>;

export interface PeerAddress {
  readonly host: string;
  readonly port: number;
  readonly callingAE: string;
  readonly calledAE: string;
}

export interface Peer extends PeerAddress {
  readonly id: string;
  readonly name: string;
  readonly kind: "configured" | "connected";
  readonly lastEcho?: { readonly at: string; readonly ok: boolean; readonly roundTripMs?: number };
}

export interface NegotiatedContext {
  readonly abstractSyntax: string;
  readonly abstractSyntaxName: string;
  readonly result: string;
  readonly transferSyntax?: string;
  readonly transferSyntaxName?: string;
}

export interface ConnectAnswer {
  readonly connectionId: string;
  readonly peer: PeerAddress;
  readonly roundTripMs: number;
  readonly negotiated: {
    readonly maximumPduLength: number;
    readonly implementationClassUid: string;
    readonly implementationVersionName?: string;
    readonly contexts: readonly NegotiatedContext[];
  };
}

export interface About {
  readonly name: string;
  readonly version: string;
  readonly dicom: { readonly host: string; readonly port: number; readonly aeTitle: string };
  readonly http: { readonly host: string; readonly port: number };
  readonly dataFolder: string;
  readonly demo: boolean;
  readonly counts: {
    readonly patients: number;
    readonly studies: number;
    readonly series: number;
    readonly instances: number;
  };
  readonly startedAt: string;
}

/** An event of an association, as the protocol's timeline makes it. What is not known here is shown by its kind. */
export interface TimelineEvent {
  readonly kind: string;
  /** ms of the association's own clock. */
  readonly at: number;
  readonly direction?: "sent" | "received";
  readonly [key: string]: unknown;
}

export interface AssociationRecord {
  readonly id: string;
  readonly role?: "requestor" | "acceptor";
  readonly callingAE?: string;
  readonly calledAE?: string;
  readonly remote?: string;
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly events?: readonly TimelineEvent[];
}
