/** One attribute, or one item of a sequence. */
import type { Finding } from "@isocenter/dicom";
import type { KeyboardEvent } from "react";
import { useText } from "../messages/use-text.ts";
import type { Difference } from "./diff.ts";
import { canEdit } from "./edits.ts";
import { isBinary, type TagRow } from "./tree.ts";

export function TagLine({
  row,
  index,
  top,
  isOpen,
  difference,
  theirs,
  findings,
  edited,
  isEditing,
  onToggle,
  onPeek,
  onEdit,
  onKeyDown,
}: {
  readonly row: TagRow;
  readonly index: number;
  readonly top: number;
  readonly isOpen: boolean;
  readonly difference: Difference | undefined;
  readonly theirs: string | undefined;
  readonly findings: readonly Finding[];
  readonly edited: string | undefined;
  readonly isEditing: boolean;
  readonly onToggle: () => void;
  readonly onPeek: () => void;
  readonly onEdit: (value: string) => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
}) {
  const text = useText().tags;
  const { element, items, isItem, depth } = row;
  const name = isItem ? text.item(Number(row.name)) : row.name || text.unknown;
  return (
    <div
      role="row"
      className="tag-line"
      tabIndex={0}
      data-index={index}
      data-difference={difference}
      aria-level={depth + 1}
      aria-expanded={items === undefined ? undefined : isOpen}
      style={{ transform: `translateY(${top}px)` }}
      onKeyDown={(event) => {
        if (event.target === event.currentTarget) onKeyDown(event);
      }}
      onDoubleClick={() => (items === undefined ? onPeek() : onToggle())}
    >
      <span role="gridcell" className="tag-name" style={{ paddingLeft: depth * 16 }}>
        {items === undefined ? (
          <span className="tag-leaf" />
        ) : (
          <button
            type="button"
            className="tag-toggle"
            tabIndex={-1}
            aria-label={isOpen ? text.collapse : text.expand}
            onClick={onToggle}
          >
            {isOpen ? "▾" : "▸"}
          </button>
        )}
        <code>{row.tag}</code>
        <span className={isItem ? "muted" : ""}>{name}</span>
        {row.creator !== undefined && <small className="badge">{text.privateOf(row.creator)}</small>}
        {findings.map((finding) => (
          <small
            className={finding.severity === "error" ? "badge bad" : "badge warn"}
            title={finding.message}
            key={finding.code + finding.message}
          >
            !<span className="visually-hidden">{finding.message}</span>
          </small>
        ))}
      </span>
      <span role="gridcell" className="tag-vr">
        {row.vr}
      </span>
      <span role="gridcell" className="tag-value">
        {element !== undefined && isBinary(element) ? (
          <button type="button" className="link" tabIndex={-1} onClick={onPeek}>
            {text.bytes((row.length ?? 0).toLocaleString())}
          </button>
        ) : items !== undefined && !isItem ? (
          <span className="muted">{text.items(items)}</span>
        ) : isEditing && canEdit(row.path, row.vr) ? (
          <input
            aria-label={text.editValue(name)}
            defaultValue={edited ?? plainValue(row)}
            data-changed={edited !== undefined}
            onBlur={(event) => {
              if (event.target.value !== (edited ?? plainValue(row))) onEdit(event.target.value);
            }}
          />
        ) : (
          <span title={row.value}>{row.value}</span>
        )}
        {theirs !== undefined && <span className="tag-theirs">{theirs}</span>}
      </span>
    </div>
  );
}

/** As it stands in the file: without names of UIDs, and with backslashes alone. */
function plainValue({ value, vr }: TagRow): string {
  const text = value.replaceAll(" \\ ", "\\");
  return vr === "UI" ? text.replace(/ \([^)]*\)/g, "") : text;
}
