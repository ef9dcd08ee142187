/** A failure, in the words of the server: what, why, what to try, and the code to quote. */
import { ApiProblem } from "../api/problem.ts";
import { WarningIcon } from "./icons.tsx";

export function ProblemPanel({ error, onRetry }: { readonly error: unknown; readonly onRetry?: () => void }) {
  const problem =
    error instanceof ApiProblem
      ? error
      : new ApiProblem({
          title: "Something went wrong in this page",
          detail: String(error),
          code: "page-error",
        });
  return (
    <div className="problem" role="alert">
      <WarningIcon />
      <div>
        <h2>{problem.title}</h2>
        <p>{problem.message}</p>
        {problem.hint !== undefined && <p className="hint">{problem.hint}</p>}
        <p className="code">{problem.code}</p>
        {onRetry !== undefined && (
          <button type="button" className="button" onClick={onRetry}>
            Try again
          </button>
        )}
      </div>
    </div>
  );
}
