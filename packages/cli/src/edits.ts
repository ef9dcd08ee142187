/** `KEY=VALUE` edits with paths into sequences: `PatientID=1`, `ReferencedStudySequence[0].ReferencedSOPInstanceUID=1.2`. */
import { DataSet, type InitValue, isPrivate, parseTag } from "@isocenter/dicom";
import { UsageError } from "./usage-error.ts";

interface Step {
  readonly tag: number;
  /** Item to go into; the last step has none. */
  readonly item: number | undefined;
}

export interface Edit {
  readonly path: readonly Step[];
  /** Undefined takes the element out. */
  readonly value: string | undefined;
}

/** @throws UsageError */
export function parseEdit(text: string): Edit {
  const equals = text.indexOf("=");
  if (equals < 0) throw new UsageError(`"${text}" is not KEY=VALUE.`);
  return { path: parsePath(text.slice(0, equals)), value: text.slice(equals + 1) };
}

/** @throws UsageError */
export function parseErasure(text: string): Edit {
  return { path: parsePath(text), value: undefined };
}

export function applyEdits(dataSet: DataSet, edits: readonly Edit[]): DataSet {
  return edits.reduce((edited, { path, value }) => applied(edited, path, value), dataSet);
}

function parsePath(text: string): Step[] {
  return text.split(".").map((part, index, parts) => {
    const match = /^(.*?)(?:\[(\d+)\])?$/.exec(part);
    const tag = parseTag(match?.[1] ?? "");
    if (tag === undefined) throw new UsageError(`"${part}" is not a DICOM keyword or tag.`);
    if (isPrivate(tag)) throw new UsageError("Private elements cannot be edited: their VR is not known.");
    const isLast = index === parts.length - 1;
    if (!isLast && match?.[2] === undefined)
      throw new UsageError(`"${part}" needs the number of its item, as in ${part}[0].`);
    return { tag, item: isLast ? undefined : Number(match?.[2]) };
  });
}

function applied(dataSet: DataSet, [step, ...rest]: readonly Step[], value: string | undefined): DataSet {
  if (step === undefined) return dataSet;
  if (step.item === undefined)
    return value === undefined ? dataSet.without(step.tag) : dataSet.with(step.tag, valueOf(value));
  const items = [...dataSet.items(step.tag)];
  // Items are made where they are missing, except when something is to be taken out of them.
  if (value === undefined && items[step.item] === undefined) return dataSet;
  while (items.length <= step.item && items.length < 1000) items.push(DataSet.of({}));
  items[step.item] = applied(items[step.item] ?? DataSet.of({}), rest, value);
  return dataSet.with(step.tag, items);
}

function valueOf(text: string): InitValue {
  return text.includes("\\") ? text.split("\\") : text;
}
