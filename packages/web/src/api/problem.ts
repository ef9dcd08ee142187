/** Errors as the page shows them: problem documents of the server (RFC 9457), and a server that does not answer. */

export interface ProblemDocument {
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly hint?: string;
}

export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  readonly title: string;
  readonly code: string;
  readonly hint: string | undefined;

  constructor({ title, detail, code, hint }: Omit<ProblemDocument, "status">) {
    super(detail);
    this.title = title;
    this.code = code;
    this.hint = hint;
  }
}

/** The problem in a response that is not OK; made up from the status where the body is none. */
export function problemFrom(status: number, body: unknown): ApiProblem {
  const { title, detail, code, hint } = (
    typeof body === "object" && body !== null ? body : {}
  ) as Partial<ProblemDocument>;
  return new ApiProblem({
    title: title ?? "The server answered with an error",
    detail: detail ?? `HTTP status ${status}.`,
    code: code ?? `http-${status}`,
    ...(hint === undefined ? {} : { hint }),
  });
}

export function unreachable(): ApiProblem {
  return new ApiProblem({
    title: "The server does not answer",
    detail: "This page cannot reach the Isocenter server it came from.",
    code: "server-unreachable",
    hint: "Check that it is still running, then try again.",
  });
}
