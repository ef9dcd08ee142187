/** Examines a peer step by step, and says in plain words what is wrong and what to try. */
import { useEffect, useState } from "react";
import { ndjson } from "../api/ndjson.ts";
import type { Peer } from "../api/types.ts";
import { useText } from "../messages/use-text.ts";
import { Dialog } from "../ui/dialog.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";

interface Step {
  readonly name: string;
  readonly status: string;
  readonly text: string;
  readonly hint: string | undefined;
}

export function DoctorDialog({ peer, onClose }: { readonly peer: Peer; readonly onClose: () => void }) {
  const words = useText();
  const text = words.peers;
  const [steps, setSteps] = useState<readonly Step[]>([]);
  const [state, setState] = useState<{ readonly isRunning: boolean; readonly error: unknown }>({
    isRunning: true,
    error: null,
  });
  useEffect(() => {
    const controller = new AbortController();
    const run = async (): Promise<void> => {
      const path = `/api/peers/${encodeURIComponent(peer.id)}/doctor`;
      for await (const line of ndjson(path, {}, controller.signal)) {
        for (const step of stepsOf(line))
          setSteps((before) => [...before.filter(({ name }) => name !== step.name), step]);
      }
    };
    run()
      .then(() => setState({ isRunning: false, error: null }))
      .catch((error: unknown) => {
        if (!controller.signal.aborted) setState({ isRunning: false, error });
      });
    return () => controller.abort();
  }, [peer.id]);
  return (
    <Dialog title={text.doctorTitle(peer.name)} onClose={onClose} className="wide">
      <ol className="doctor" aria-live="polite">
        {steps.map((step) => (
          <li key={step.name}>
            <span className={isGood(step.status) ? "badge ok" : isBad(step.status) ? "badge bad" : "badge"}>
              {step.status}
            </span>
            <div>
              <strong>{step.name}</strong>
              {step.text !== "" && <p>{step.text}</p>}
              {step.hint !== undefined && <p className="muted">{step.hint}</p>}
            </div>
          </li>
        ))}
      </ol>
      {state.isRunning && (
        <p role="status" className="muted">
          {text.examining}
        </p>
      )}
      {state.error !== null && <ProblemPanel error={state.error} />}
      <div className="dialog-end">
        <button type="button" className="button primary" onClick={onClose}>
          {words.shell.close}
        </button>
      </div>
    </Dialog>
  );
}

const isGood = (status: string): boolean => ["ok", "pass", "passed", "success"].includes(status);
const isBad = (status: string): boolean => ["fail", "failed", "error", "bad"].includes(status);

/** A line is a step, or a report of steps. */
function stepsOf(line: unknown): Step[] {
  if (typeof line !== "object" || line === null) return [];
  const { step, check, name, status, ok, detail, message, text, hint, steps, result } = line as Record<
    string,
    unknown
  >;
  const inner = (result as { steps?: unknown } | undefined)?.steps ?? steps;
  if (Array.isArray(inner)) return inner.flatMap(stepsOf);
  const title = [name, check, step].find((one) => typeof one === "string");
  if (title === undefined) return [];
  const words = [text, message, detail].find((one) => typeof one === "string");
  return [
    {
      name: title,
      status: typeof status === "string" ? status : ok === true ? "ok" : ok === false ? "failed" : "",
      text: words ?? "",
      hint: typeof hint === "string" ? hint : undefined,
    },
  ];
}
