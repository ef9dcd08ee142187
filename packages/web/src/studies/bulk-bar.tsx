/** What is done to all checked studies at once. */
import type { Peer } from "../api/types.ts";
import type { Study } from "../format/study.ts";
import { useText } from "../messages/use-text.ts";
import { StudyActions } from "./study-actions.tsx";

export function BulkBar({
  studies,
  peers,
  onDone,
  onClear,
}: {
  readonly studies: readonly Study[];
  readonly peers: readonly Peer[];
  readonly onDone: () => void;
  readonly onClear: () => void;
}) {
  const text = useText().studies;
  return (
    <section className="bulk-bar" aria-label={text.checked(studies.length)}>
      <strong>{text.checked(studies.length)}</strong>
      <StudyActions studies={studies} peers={peers} onDeleted={onDone} />
      <span className="grow" />
      <button type="button" className="link" onClick={onClear}>
        {text.uncheck}
      </button>
    </section>
  );
}
