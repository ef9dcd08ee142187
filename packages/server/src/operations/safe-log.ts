/**
 * Logs that hold no patient data, by construction: of what is logged only named fields come through, each of which the code
 * itself gives values to, and of errors the codes and places, never the messages. A peer's comment, a file's content or a
 * path that a client made up can be in a message; they cannot be in a code.
 *
 * Messages of log lines are constants in the code.
 */
import type { Logger } from "pino";

/** What may be logged. Values are numbers, booleans, or short words of this program's own. */
const fields = new Set([
  "err",
  "code",
  "route",
  "method",
  "status",
  "ms",
  "peer",
  "direction",
  "operation",
  "kind",
  "count",
  "seen",
  "added",
  "unreadable",
  "failed",
  "destination",
  "rule",
  "attempts",
  "port",
  "bytes",
  "removed",
  "satisfied",
  "signal",
]);
const longestWord = 120;

/** A logger that gives only what is safe to the one that is given. */
export function safeLog(logger: Logger): Logger {
  return logger.child(
    {},
    {
      serializers: { err: safeError },
      formatters: {
        log: (given) =>
          Object.fromEntries(
            Object.entries(given).flatMap(([name, value]) =>
              fields.has(name) ? [[name, name === "err" ? value : word(value)]] : [],
            ),
          ),
      },
    },
  );
}

function word(value: unknown): unknown {
  if (typeof value === "number" || typeof value === "boolean") return value;
  return typeof value === "string" ? value.replace(/[^\x21-\x7e]/g, "_").slice(0, longestWord) : undefined;
}

export interface SafeError {
  readonly type: string;
  readonly code?: string;
  /** DIMSE status in hexadecimal. */
  readonly status?: string;
  /** Functions and lines, without the message that a stack begins with. */
  readonly at?: readonly string[];
  readonly cause?: SafeError;
}

/** What is told of an error. */
export function safeError(error: unknown, depth = 0): SafeError {
  if (!(error instanceof Error)) return { type: typeof error };
  const { code, status } = error as { code?: unknown; status?: unknown };
  const dimse = (status as { code?: unknown } | undefined)?.code;
  const frames = (error.stack ?? "")
    .split("\n")
    .flatMap((line) => /^\s+at ([\w.#<>$ [\]]* ?\(?[^()]*:\d+:\d+\)?)$/.exec(line)?.[1] ?? [])
    .slice(0, 8);
  return {
    type: word(error.name) as string,
    ...(typeof code === "string" ? { code: word(code) as string } : {}),
    ...(typeof dimse === "number" ? { status: dimse.toString(16) } : {}),
    ...(frames.length === 0 ? {} : { at: frames }),
    ...(error.cause === undefined || depth > 3 ? {} : { cause: safeError(error.cause, depth + 1) }),
  };
}
