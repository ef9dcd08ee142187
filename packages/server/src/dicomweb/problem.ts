/**
 * What a DICOMweb request can end with other than its answer: RFC 9457 documents with a stable `code`, in the statuses
 * of PS3.18 8.5. No patient data: messages of our errors never hold any, and others are not shown.
 */
import { IsocenterError } from "@isocenter/dicom";
import { NetworkError, TimeoutError } from "@isocenter/network";

export type WebProblemCode =
  | "parameter-invalid"
  | "path-invalid"
  | "not-found"
  | "method-not-allowed"
  | "not-acceptable"
  | "media-type-unsupported"
  | "body-missing"
  | "search-too-broad"
  | "origin-not-allowed"
  | "not-supported"
  | "busy";

export interface WebProblemOptions {
  readonly hint?: string;
  /** Members beside those of RFC 9457. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

export class WebProblem extends Error {
  override readonly name = "WebProblem";
  readonly status: number;
  readonly code: WebProblemCode;
  readonly options: WebProblemOptions;

  constructor(status: number, code: WebProblemCode, detail: string, options: WebProblemOptions = {}) {
    super(detail);
    this.status = status;
    this.code = code;
    this.options = options;
  }
}

/** 400 for a query parameter; its name is the client's own, its value might be a patient's. */
export function badParameter(name: string, rule: string): WebProblem {
  return new WebProblem(400, "parameter-invalid", `The parameter "${shown(name)}" ${rule}.`);
}

export function notFound(what: string): WebProblem {
  return new WebProblem(404, "not-found", `There is no such ${what}.`);
}

export interface ProblemAnswer {
  readonly status: number;
  readonly code: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

const titles: Readonly<Record<number, string>> = {
  400: "The request is wrong",
  403: "Not allowed",
  404: "Not found",
  405: "Not a method of this resource",
  406: "Not available in an acceptable form",
  409: "In conflict",
  410: "Gone",
  413: "Too much",
  415: "Not a media type that is taken here",
  416: "The range is not there",
  422: "The image cannot be read",
  500: "Something went wrong here",
  501: "Not possible here",
  502: "The peer refused or failed",
  503: "Not possible now",
  504: "The peer did not answer in time",
};

/** By our errors' codes; 500 for the rest of them. */
const statuses: Readonly<Record<string, number>> = {
  "instance-unknown": 404,
  "object-missing": 410,
  "query-unsupported": 400,
  "not-supported": 501,
  "multipart-invalid": 400,
  "multipart-truncated": 400,
  "multipart-limit": 413,
  "media-type-invalid": 400,
  "xml-invalid": 400,
  "json-invalid": 400,
  "value-invalid": 400,
  "instance-too-large": 503,
  "renderer-closed": 503,
  "pixels-invalid": 422,
  "frame-unreadable": 422,
  "codec-unsupported": 406,
  "codestream-invalid": 422,
  "codestream-mismatch": 422,
  "web-unreachable": 502,
  "web-timeout": 504,
  "web-login-refused": 502,
  "web-redirect-refused": 502,
  "web-status": 502,
  "web-response-invalid": 502,
};

export function problemAnswer(error: unknown): ProblemAnswer {
  if (error instanceof WebProblem) {
    const { status, code, message, options } = error;
    return answer(status, code, message, options);
  }
  if (error instanceof TimeoutError) return answer(504, error.code, error.message);
  if (error instanceof NetworkError) return answer(502, error.code, error.message);
  if (error instanceof IsocenterError) return answer(statuses[error.code] ?? 500, error.code, error.message);
  return answer(500, "internal-error", "The server met an error it did not expect; its log has the details.");
}

function answer(
  status: number,
  code: string,
  detail: string,
  { hint, members, headers }: WebProblemOptions = {},
): ProblemAnswer {
  const document = {
    type: `https://isocenter.dev/problems/${code}`,
    title: titles[status] ?? "The request failed",
    status,
    detail,
    code,
    ...(hint === undefined ? {} : { hint }),
    ...members,
  };
  return {
    status,
    code,
    body: JSON.stringify(document),
    headers: { "content-type": "application/problem+json", "cache-control": "no-store", ...headers },
  };
}

/** A name from a request, short enough to show. */
function shown(name: string): string {
  // oxlint-disable-next-line no-control-regex
  return name.replace(/[^\x20-\x7e]/g, "?").slice(0, 64);
}
