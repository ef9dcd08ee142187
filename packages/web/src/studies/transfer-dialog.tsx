/** A transfer while it runs: counters by study, cancelled and tried again. */
import { useCallback, useEffect, useRef, useState } from "react";
import type { Progress } from "../api/transfers.ts";
import { personName } from "../format/dicom-text.ts";
import type { Study } from "../format/study.ts";
import { useText } from "../messages/use-text.ts";
import { Dialog } from "../ui/dialog.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";

interface State {
  readonly progress: Progress;
  readonly kind: "waiting" | "running" | "done" | "failed";
  readonly error?: unknown;
}

const waiting: State = { progress: {}, kind: "waiting" };

export function TransferDialog({
  title,
  studies,
  run,
  onClose,
}: {
  readonly title: string;
  readonly studies: readonly Study[];
  readonly run: (study: Study, signal: AbortSignal) => AsyncIterable<Progress>;
  readonly onClose: () => void;
}) {
  const words = useText();
  const text = words.studies;
  const [states, setStates] = useState<ReadonlyMap<string, State>>(new Map());
  const controller = useRef<AbortController>(undefined);
  const set = useCallback((uid: string, state: State): void => {
    setStates((before) => new Map(before).set(uid, state));
  }, []);
  const start = useCallback(
    async (list: readonly Study[]): Promise<void> => {
      const mine = new AbortController();
      controller.current = mine;
      for (const study of list) {
        let progress: Progress = {};
        set(study.uid, { progress, kind: "running" });
        try {
          for await (const next of run(study, mine.signal)) {
            progress = next;
            set(study.uid, { progress, kind: "running" });
          }
          set(study.uid, { progress, kind: (progress.failed ?? 0) > 0 ? "failed" : "done" });
        } catch (error) {
          set(study.uid, { progress, kind: "failed", ...(mine.signal.aborted ? {} : { error }) });
          if (mine.signal.aborted) return;
        }
      }
    },
    [run, set],
  );
  useEffect(() => {
    void start(studies);
    return () => controller.current?.abort();
    // The list is the one that the dialog was opened with.
  }, []);
  const isRunning = [...states.values()].some(({ kind }) => kind === "running");
  const failed = studies.filter(({ uid }) => states.get(uid)?.kind === "failed");
  return (
    <Dialog title={title} onClose={onClose} className="wide">
      <ul className="transfers">
        {studies.map((study) => {
          const { progress, kind, error } = states.get(study.uid) ?? waiting;
          const done = (progress.completed ?? 0) + (progress.failed ?? 0) + (progress.warning ?? 0);
          const total = done + (progress.remaining ?? 0);
          return (
            <li key={study.uid}>
              <span className="grow">
                {personName(study.patientName).main || text.noName} · {study.description ?? study.uid}
                <progress
                  aria-label={text.transferStates[kind]}
                  max={Math.max(1, total)}
                  value={kind === "done" ? Math.max(1, total) : done}
                />
                {error !== undefined && <ProblemPanel error={error} />}
              </span>
              <span className="numeric muted">
                {text.transferStates[kind]} {total > 0 && `${done} / ${total}`}
              </span>
            </li>
          );
        })}
      </ul>
      <div className="dialog-end">
        {isRunning && (
          <button type="button" className="button" onClick={() => controller.current?.abort()}>
            {words.shell.cancel}
          </button>
        )}
        {!isRunning && failed.length > 0 && (
          <button type="button" className="button" onClick={() => void start(failed)}>
            {words.shell.tryAgain}
          </button>
        )}
        <button type="button" className="button primary" onClick={onClose}>
          {words.shell.close}
        </button>
      </div>
    </Dialog>
  );
}
