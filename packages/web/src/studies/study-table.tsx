/** Studies as a table of any length: only the rows in sight are there. Walked through with the arrow keys. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type RefObject, useEffect, useMemo, useRef, useState } from "react";
import { dicomweb } from "../api/dicomweb.ts";
import type { Peer } from "../api/types.ts";
import { hasPictures, type Study } from "../format/study.ts";
import { useText } from "../messages/use-text.ts";
import { type SortKey, sortedBy } from "./sorting.ts";
import { StudyRow } from "./study-row.tsx";

const rowHeight = 57;
const columns: readonly SortKey[] = ["patientName", "date", "modality", "description", "accession", "images"];

export function StudyTable({
  studies,
  hasMore,
  peers,
  showSource,
  selected,
  checked,
  scroller,
  onSelect,
  onOpen,
  onCheck,
  onEnd,
}: {
  readonly studies: readonly Study[];
  readonly hasMore: boolean;
  readonly peers: readonly Peer[];
  readonly showSource: boolean;
  readonly selected: Study | undefined;
  readonly checked: ReadonlySet<string>;
  readonly scroller: RefObject<HTMLElement | null>;
  readonly onSelect: (study: Study) => void;
  readonly onOpen: (study: Study) => void;
  readonly onCheck: (studies: readonly Study[], isChecked: boolean) => void;
  /** The last rows come into sight. */
  readonly onEnd: () => void;
}) {
  const text = useText().studies;
  const body = useRef<HTMLTableSectionElement>(null);
  const [sort, setSort] = useState<{ key: SortKey; down: boolean }>({ key: "date", down: true });
  const sorted = useMemo(() => sortedBy(studies, sort.key, sort.down), [studies, sort]);
  const rows = useVirtualizer({
    count: sorted.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 8,
    scrollMargin: body.current?.offsetTop ?? 0,
  });
  const items = rows.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && last >= sorted.length - 20) onEnd();
  }, [hasMore, last, sorted.length, onEnd]);
  const margin = rows.options.scrollMargin;
  const above = (items[0]?.start ?? margin) - margin;
  const below = Math.max(0, rows.getTotalSize() - ((items.at(-1)?.end ?? margin) - margin));

  const onKeyDown = (event: KeyboardEvent, index: number): void => {
    const study = sorted[index];
    if (study === undefined) return;
    if (event.key === "Enter") {
      event.preventDefault();
      onOpen(study);
    } else if (event.key === " ") {
      event.preventDefault();
      onCheck([study], !checked.has(study.uid));
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const next = index + (event.key === "ArrowDown" ? 1 : -1);
      const target = sorted[next];
      if (target === undefined) return;
      rows.scrollToIndex(next);
      onSelect(target);
      requestAnimationFrame(() =>
        body.current?.querySelector<HTMLElement>(`[data-index="${next}"]`)?.focus(),
      );
    }
  };
  const allChecked = sorted.length > 0 && sorted.every(({ uid }) => checked.has(uid));
  return (
    <table className="studies" aria-label={text.title} aria-rowcount={hasMore ? -1 : sorted.length + 1}>
      <thead>
        <tr>
          <th scope="col" className="check-cell">
            <input
              type="checkbox"
              aria-label={text.checkAll}
              checked={allChecked}
              onChange={() => onCheck(sorted, !allChecked)}
            />
          </th>
          {columns.map((key) => (
            <th
              key={key}
              scope="col"
              className={`column-${key}`}
              aria-sort={sort.key === key ? (sort.down ? "descending" : "ascending") : "none"}
            >
              <button
                type="button"
                // Sorted is what is here; the newest come first, whatever else is asked for.
                disabled={hasMore && key !== "date"}
                title={hasMore && key !== "date" ? text.sortNeedsAll : undefined}
                onClick={() => setSort({ key, down: sort.key === key ? !sort.down : false })}
              >
                {text.columns[key]}
                <span aria-hidden="true">{sort.key === key ? (sort.down ? " ↓" : " ↑") : ""}</span>
              </button>
            </th>
          ))}
          {showSource && <th scope="col">{text.source}</th>}
        </tr>
      </thead>
      <tbody ref={body}>
        {above > 0 && (
          <tr aria-hidden="true" className="spacer">
            <td colSpan={8} style={{ height: above }} />
          </tr>
        )}
        {items.map(({ index }) => {
          const study = sorted[index];
          if (study === undefined) return null;
          return (
            <StudyRow
              key={`${study.source ?? ""} ${study.uid}`}
              study={study}
              index={index}
              isSelected={
                selected !== undefined && selected.uid === study.uid && selected.source === study.source
              }
              isChecked={checked.has(study.uid)}
              thumbnail={
                study.source === undefined && hasPictures(study.modalities)
                  ? dicomweb.thumbnailPath({ source: undefined, study: study.uid })
                  : undefined
              }
              sourceName={
                showSource
                  ? (peers.find(({ id }) => id === study.source)?.name ?? study.source ?? text.thisArchive)
                  : undefined
              }
              onSelect={() => onSelect(study)}
              onOpen={() => onOpen(study)}
              onCheck={(isChecked) => onCheck([study], isChecked)}
              onKeyDown={(event) => onKeyDown(event, index)}
            />
          );
        })}
        {below > 0 && (
          <tr aria-hidden="true" className="spacer">
            <td colSpan={8} style={{ height: below }} />
          </tr>
        )}
      </tbody>
    </table>
  );
}
