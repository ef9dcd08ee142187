/** The attributes as a tree: only the rows in sight are there. */
import type { Finding, Part10 } from "@isocenter/dicom";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useMemo, useRef, useState } from "react";
import { useText } from "../messages/use-text.ts";
import type { Difference } from "./diff.ts";
import type { Edits } from "./edits.ts";
import { HexPeek } from "./hex-peek.tsx";
import { TagLine } from "./tag-line.tsx";
import { matchesRow, rowsOf, type TagRow } from "./tree.ts";

const rowHeight = 28;

export function TagTree({
  file,
  other,
  differences,
  onlyDifferences,
  filter,
  findings,
  edits,
  onEdit,
}: {
  readonly file: Part10;
  readonly other: Part10 | undefined;
  readonly differences: ReadonlyMap<string, Difference> | undefined;
  readonly onlyDifferences: boolean;
  readonly filter: string;
  readonly findings: readonly Finding[];
  readonly edits: Edits | undefined;
  readonly onEdit: (edits: Edits) => void;
}) {
  const text = useText().tags;
  const scroller = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [peeked, setPeeked] = useState<TagRow | undefined>();
  const isSearching = filter.trim() !== "" || onlyDifferences;
  const rows = useMemo(() => {
    const isOpen = isSearching ? () => true : (path: string) => open.has(path);
    const mine = [...rowsOf(file.meta, isOpen), ...rowsOf(file.dataSet, isOpen)];
    const theirs =
      other === undefined
        ? []
        : rowsOf(other.dataSet, isOpen).filter(({ path }) => differences?.get(path) === "removed");
    const all =
      theirs.length === 0 ? mine : [...mine, ...theirs].toSorted((a, b) => (a.path < b.path ? -1 : 1));
    if (!isSearching) return all;
    return all.filter(
      (row) => matchesRow(row, filter) && (!onlyDifferences || differences?.has(row.path) === true),
    );
  }, [file, other, differences, onlyDifferences, filter, open, isSearching]);
  const others = useMemo(
    () => new Map(other === undefined ? [] : rowsOf(other.dataSet, () => true).map((row) => [row.path, row])),
    [other],
  );
  const byPath = useMemo(() => {
    const groups = new Map<string, Finding[]>();
    for (const finding of findings) groups.set(finding.path, [...(groups.get(finding.path) ?? []), finding]);
    return groups;
  }, [findings]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 20,
  });
  const toggle = (path: string): void => {
    const next = new Set(open);
    if (!next.delete(path)) next.add(path);
    setOpen(next);
  };
  const onKeyDown = (event: KeyboardEvent, index: number): void => {
    const row = rows[index];
    if (row === undefined) return;
    const isOpen = open.has(row.path);
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      virtual.scrollToIndex(index + step);
      requestAnimationFrame(() =>
        scroller.current?.querySelector<HTMLElement>(`[data-index="${index + step}"]`)?.focus(),
      );
    } else if (
      row.items !== undefined &&
      ((event.key === "ArrowRight" && !isOpen) || (event.key === "ArrowLeft" && isOpen))
    ) {
      event.preventDefault();
      toggle(row.path);
    } else if (event.key === "Enter" && event.target === event.currentTarget) {
      event.preventDefault();
      if (row.items !== undefined) toggle(row.path);
      else setPeeked(row);
    }
  };
  return (
    <div className="tag-tree-box">
      <p className="muted" role="status">
        {text.matches(rows.filter(({ isItem }) => !isItem).length)}
      </p>
      <div
        className="tag-tree"
        ref={scroller}
        role="treegrid"
        aria-label={text.title}
        aria-rowcount={rows.length}
      >
        <div style={{ height: virtual.getTotalSize() }} role="rowgroup">
          {virtual.getVirtualItems().map(({ index, start }) => {
            const row = rows[index];
            if (row === undefined) return null;
            return (
              <TagLine
                key={row.path}
                row={row}
                index={index}
                top={start}
                isOpen={isSearching || open.has(row.path)}
                difference={differences?.get(row.path)}
                theirs={differences?.get(row.path) === "changed" ? others.get(row.path)?.value : undefined}
                findings={byPath.get(row.path) ?? []}
                edited={edits?.get(row.path)}
                isEditing={edits !== undefined}
                onToggle={() => toggle(row.path)}
                onPeek={() => setPeeked(row)}
                onEdit={(value) => onEdit(new Map(edits).set(row.path, value))}
                onKeyDown={(event) => onKeyDown(event, index)}
              />
            );
          })}
        </div>
      </div>
      {peeked !== undefined && <HexPeek row={peeked} onClose={() => setPeeked(undefined)} />}
    </div>
  );
}
