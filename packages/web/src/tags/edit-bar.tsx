/** Saves the changes as a copy. */
import type { Part10 } from "@isocenter/dicom";
import { useMutation } from "@tanstack/react-query";
import { dicomweb } from "../api/dicomweb.ts";
import { storedOrThrow } from "../api/store-outcome.ts";
import { useText } from "../messages/use-text.ts";
import { ProblemPanel } from "../ui/problem-panel.tsx";
import { editedCopy, type Edits } from "./edits.ts";

export function EditBar({
  file,
  edits,
  onCancel,
  onStored,
}: {
  readonly file: Part10;
  readonly edits: Edits;
  readonly onCancel: () => void;
  readonly onStored: (uid: string) => void;
}) {
  const text = useText().tags;
  const save = useMutation({
    mutationFn: async () => {
      const { uid, bytes } = editedCopy(file, edits);
      storedOrThrow(await dicomweb.store([bytes]));
      return uid;
    },
    onSuccess: onStored,
  });
  return (
    <section className="bulk-bar" aria-label={text.edit}>
      <span className="grow">
        <strong>{text.changes(edits.size)}</strong> <span className="muted">{text.editHint}</span>
      </span>
      {save.isError && <ProblemPanel error={save.error} />}
      <button type="button" className="button" onClick={onCancel}>
        {text.cancelEdit}
      </button>
      <button
        type="button"
        className="button primary"
        disabled={edits.size === 0 || save.isPending}
        onClick={() => save.mutate()}
      >
        {text.saveCopy}
      </button>
    </section>
  );
}
