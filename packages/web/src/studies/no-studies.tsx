/** What stands in place of a list: nothing found, nothing here, or not yet. */
import type { About } from "../api/types.ts";
import { useText } from "../messages/use-text.ts";

export function NoStudies({
  isFiltered,
  isLocal,
  about,
  onImport,
}: {
  readonly isFiltered: boolean;
  readonly isLocal: boolean;
  readonly about: About | undefined;
  readonly onImport: () => void;
}) {
  const text = useText().studies;
  if (isFiltered) {
    return (
      <div className="empty">
        <h2>{text.noMatchTitle}</h2>
        <p className="muted">{text.noMatchText}</p>
      </div>
    );
  }
  if (!isLocal || about === undefined) {
    return (
      <div className="empty">
        <h2>{text.peerEmptyTitle}</h2>
        <p className="muted">{text.peerEmptyText}</p>
      </div>
    );
  }
  const { aeTitle, host, port } = about.dicom;
  return (
    <div className="empty">
      <h2>{text.emptyTitle}</h2>
      <p className="muted">{text.emptyText(aeTitle, host, port)}</p>
      <button type="button" className="button primary" onClick={onImport}>
        {text.import}
      </button>
    </div>
  );
}

export function Skeleton() {
  const text = useText().shell;
  return (
    <div aria-label={text.loading} role="status">
      {[1, 2, 3, 4].map((row) => (
        <div className="skeleton" key={row} />
      ))}
    </div>
  );
}
