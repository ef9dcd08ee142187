/** A failure, in the words of the server: what, why, what to try, and the code to quote. */
import { ApiProblem } from "../api/problem.ts";
import { useText } from "../messages/use-text.ts";
import { WarningIcon } from "./icons.tsx";

export function ProblemPanel({
  error,
  source,
  onRetry,
}: {
  readonly error: unknown;
  /** Whose failure it is, where several were asked. */
  readonly source?: string | undefined;
  readonly onRetry?: () => void;
}) {
  const text = useText().shell;
  const problem =
    error instanceof ApiProblem
      ? error
      : new ApiProblem({
          title: text.pageProblem,
          detail: String(error),
          code: "page-error",
        });
  return (
    <div className="problem" role="alert">
      <WarningIcon />
      <div>
        <h2>{source === undefined ? problem.title : `${source}: ${problem.title}`}</h2>
        <p>{problem.message}</p>
        {problem.hint !== undefined && <p className="hint">{problem.hint}</p>}
        <p className="code">{problem.code}</p>
        {onRetry !== undefined && (
          <button type="button" className="button" onClick={onRetry}>
            {text.tryAgain}
          </button>
        )}
      </div>
    </div>
  );
}
