/**
 * Problem documents (RFC 9457): every error of the HTTP API in one shape, with a stable `code`, what the peer said in
 * words, and what to try next. No patient data: messages of our errors never hold any, and others are not shown.
 */
import { ArchiveError, DicomwebError } from "@isocenter/archive";
import { IsocenterError } from "@isocenter/dicom";
import {
  AssociationAbortedError,
  AssociationRejectedError,
  DimseStatusError,
  NetworkError,
  TimeoutError,
} from "@isocenter/network";
import type { Problem } from "./schemas.ts";

/** An error of the API itself. */
export class HttpProblem extends Error {
  override readonly name = "HttpProblem";
  readonly status: 400 | 401 | 403 | 404 | 409 | 415 | 421 | 429 | 503;
  readonly code: string;
  readonly title: string;
  readonly hint: string | undefined;

  constructor(status: HttpProblem["status"], code: string, title: string, detail: string, hint?: string) {
    super(detail);
    this.status = status;
    this.code = code;
    this.title = title;
    this.hint = hint;
  }
}

/** What to try next, by the error's code. */
const hints: Readonly<Record<string, string>> = {
  "connection-refused":
    "Check host and port, and that the PACS is running and its firewall lets this machine in.",
  "host-not-found": "Check the spelling of the host name, or use its IP address.",
  "connect-timeout": "The host does not answer. Check the address, and firewalls on the way.",
  timeout: "The peer took too long. Try again, or check the network between here and there.",
  "wrong-protocol":
    "Something answers on this port, but it does not speak DICOM. Ask for the PACS's DICOM port (often 104 or 11112).",
};

const titles: Readonly<Record<string, string>> = {
  "connection-refused": "Nothing is listening there",
  "host-not-found": "The host name is unknown",
  "wrong-protocol": "That is not a DICOM port",
};

export function problemOf(error: unknown): Problem {
  if (error instanceof HttpProblem) {
    return base(error.status, error.code, error.title, error.message, error.hint);
  }
  if (error instanceof AssociationRejectedError) {
    return {
      ...base(502, error.code, "The PACS refused the connection", error.message, rejectHint(error)),
      reject: { result: String(error.result), source: String(error.source), reason: String(error.reason) },
    };
  }
  if (error instanceof AssociationAbortedError) {
    return {
      ...base(
        502,
        error.code,
        "The PACS broke off the connection",
        error.message,
        "Try again; if it goes on, look at the log of the PACS.",
      ),
      abort: { source: String(error.source), reason: String(error.reason) },
    };
  }
  if (error instanceof DimseStatusError) {
    return {
      ...base(
        502,
        error.code,
        "The PACS answered with an error",
        error.message,
        "Change the query, or ask the PACS administrator.",
      ),
      dimseStatus: error.status.code.toString(16).toUpperCase().padStart(4, "0"),
    };
  }
  if (error instanceof TimeoutError) {
    return base(
      504,
      error.code,
      "The PACS did not answer in time",
      error.message,
      hints[error.code] ?? hints["timeout"],
    );
  }
  if (error instanceof NetworkError) {
    return base(
      502,
      error.code,
      titles[error.code] ?? "The PACS cannot be reached",
      error.message,
      hints[error.code],
    );
  }
  if (error instanceof DicomwebError) {
    const status = error.code === "web-timeout" ? 504 : 502;
    return base(
      status,
      error.code,
      "The DICOMweb service refused or failed",
      error.message,
      hints[error.code],
    );
  }
  if (error instanceof IsocenterError && unavailable.has(error.code)) {
    return base(
      503,
      error.code,
      "The archive's storage does not answer",
      error.message,
      "Try again in a moment; if it goes on, ask the administrator of this server.",
    );
  }
  if (error instanceof ArchiveError) return base(500, error.code, "The archive failed", error.message);
  if (error instanceof IsocenterError) return base(500, error.code, "The request failed", error.message);
  return base(
    500,
    "internal-error",
    "Something went wrong here",
    "The server met an error it did not expect; its log has the details.",
  );
}

/** Another moment may help. */
const unavailable = new Set(["storage-failed", "storage-full", "state-full", "state-unusable"]);

function base(status: number, code: string, title: string, detail: string, hint?: string): Problem {
  return {
    type: `https://isocenter.dev/problems/${code}`,
    title,
    status,
    detail,
    code,
    ...(hint === undefined ? {} : { hint }),
  };
}

function rejectHint(error: AssociationRejectedError): string {
  const words = error.message.toLowerCase();
  if (words.includes("called"))
    return "Check the called AE title, letter by letter: upper and lower case differ.";
  if (words.includes("calling")) {
    return "Ask the PACS administrator to add our AE title, with this machine's address, to the list of known AE titles.";
  }
  return "Try again in a moment; if it goes on, ask the PACS administrator.";
}

/** What a job's record says of an error. */
export function jobProblemOf(error: unknown): { readonly code: string; readonly detail: string } {
  const { code, detail } = problemOf(error);
  return { code, detail };
}
