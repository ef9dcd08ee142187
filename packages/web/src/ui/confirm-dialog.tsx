/** Asks before what cannot be undone. */
import { useState } from "react";
import { useText } from "../messages/use-text.ts";
import { Dialog } from "./dialog.tsx";
import { ProblemPanel } from "./problem-panel.tsx";

export function ConfirmDialog({
  title,
  text,
  action,
  onClose,
  onConfirm,
}: {
  readonly title: string;
  readonly text: string;
  readonly action: string;
  readonly onClose: () => void;
  readonly onConfirm: () => Promise<void>;
}) {
  const words = useText().shell;
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const confirm = async (): Promise<void> => {
    setBusy(true);
    try {
      await onConfirm();
    } catch (cause) {
      setError(cause);
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{text}</p>
      {error !== null && <ProblemPanel error={error} />}
      <div className="dialog-end">
        <button type="button" className="button" data-first onClick={onClose}>
          {words.cancel}
        </button>
        <button
          type="button"
          className="button danger solid"
          disabled={isBusy}
          onClick={() => void confirm()}
        >
          {action}
        </button>
      </div>
    </Dialog>
  );
}
