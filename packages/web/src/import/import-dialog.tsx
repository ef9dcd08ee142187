/** Files, folders and zips into the archive, with a report per file. */
import { type ChangeEvent, useEffect, useRef, useState } from "react";
import { useText } from "../messages/use-text.ts";
import { Dialog } from "../ui/dialog.tsx";
import { importFiles, type ImportRow } from "./importer.ts";

/** More rows than this are summed up. */
const shownRows = 500;

export function ImportDialog({
  dropped,
  onClose,
  onStored,
}: {
  readonly dropped: readonly (File | FileSystemEntry)[];
  readonly onClose: () => void;
  readonly onStored: () => void;
}) {
  const words = useText();
  const text = words.importing;
  const [rows, setRows] = useState<readonly ImportRow[]>([]);
  const [state, setState] = useState<"idle" | "running" | "done">("idle");
  const [onlyProblems, setOnlyProblems] = useState(false);
  const controller = useRef<AbortController>(undefined);
  const start = (given: readonly (File | FileSystemEntry)[]): void => {
    if (given.length === 0) return;
    const mine = new AbortController();
    controller.current = mine;
    setState("running");
    void importFiles(
      given,
      (next, isDone) => {
        setRows(next);
        if (isDone) setState("done");
        onStored();
      },
      mine.signal,
      text.zipBroken,
    );
  };
  useEffect(() => {
    start(dropped);
    return () => controller.current?.abort();
    // What was dropped opened the dialog.
  }, []);
  const onChoose = (event: ChangeEvent<HTMLInputElement>): void => start([...(event.target.files ?? [])]);
  const count = (...states: readonly ImportRow["state"][]): number =>
    rows.filter((row) => states.includes(row.state)).length;
  const finished = rows.length - count("waiting");
  const shown = onlyProblems ? rows.filter(({ state: one }) => one === "failed" || one === "skipped") : rows;
  return (
    <Dialog title={text.title} onClose={onClose} className="wide">
      {state === "idle" && (
        <div className="import-start">
          <p>{text.drop}</p>
          <div className="dialog-end">
            <label className="button primary file-button">
              {text.choose}
              <input type="file" multiple onChange={onChoose} />
            </label>
            <label className="button file-button">
              {text.chooseFolder}
              <input type="file" multiple onChange={onChoose} {...{ webkitdirectory: "" }} />
            </label>
          </div>
          <p className="muted">{text.hint}</p>
        </div>
      )}
      {state !== "idle" && (
        <>
          <p role="status">
            <strong>
              {state === "done"
                ? text.summary(count("stored", "warning"), count("failed"), count("skipped"))
                : text.progress(finished, rows.length)}
            </strong>
          </p>
          <progress aria-label={text.title} max={Math.max(1, rows.length)} value={finished} />
          {count("failed", "skipped") > 0 && (
            <label className="overlay-choice">
              <input
                type="checkbox"
                checked={onlyProblems}
                onChange={(event) => setOnlyProblems(event.target.checked)}
              />
              {text.onlyProblems}
            </label>
          )}
          <div className="import-report" tabIndex={0} role="region" aria-label={text.outcome}>
            <table>
              <thead>
                <tr>
                  <th scope="col">{text.file}</th>
                  <th scope="col">{text.outcome}</th>
                </tr>
              </thead>
              <tbody>
                {shown.slice(0, shownRows).map((row, index) => (
                  <tr key={index}>
                    <td className="path">{row.path}</td>
                    <td>
                      <span className={`badge ${badges[row.state]}`}>{text.states[row.state]}</span>
                      {row.reason !== undefined && <small>{row.reason}</small>}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <div className="dialog-end">
            {state === "running" && (
              <button type="button" className="button" onClick={() => controller.current?.abort()}>
                {words.shell.cancel}
              </button>
            )}
            <button type="button" className="button primary" onClick={onClose}>
              {words.shell.close}
            </button>
          </div>
        </>
      )}
    </Dialog>
  );
}

const badges: Readonly<Record<ImportRow["state"], string>> = {
  waiting: "",
  stored: "ok",
  warning: "accent",
  failed: "bad",
  skipped: "",
};
