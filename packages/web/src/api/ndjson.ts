/** Long operations answer line by line: progress, then a result. */
import { problemFrom } from "./problem.ts";
import { send } from "./request.ts";

/** @throws ApiProblem, also for a problem that comes after progress did */
export async function* ndjson(path: string, body: unknown, signal?: AbortSignal): AsyncGenerator<unknown> {
  const response = await send(path, {
    method: "POST",
    accept: "application/x-ndjson",
    contentType: "application/json",
    body: JSON.stringify(body),
    signal,
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  while (reader !== undefined) {
    const { done, value } = await reader.read();
    if (done) break;
    const lines = (rest + value).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") yield checked(JSON.parse(line));
  }
  if (rest.trim() !== "") yield checked(JSON.parse(rest));
}

function checked(line: unknown): unknown {
  if (typeof line !== "object" || line === null) return line;
  const { error, problem } = line as { readonly error?: unknown; readonly problem?: unknown };
  const failed = problem ?? error;
  if (typeof failed === "object" && failed !== null) throw problemFrom(500, failed);
  return line;
}
