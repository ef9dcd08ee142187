/** Two data sets side by side: what only one has, and what differs. */
import { type DataSet, toDicomJson } from "@isocenter/dicom";

export type Difference = "added" | "removed" | "changed";

/** Binary values are told apart by length and content; the values themselves are not kept. */
export function differencesOf(mine: DataSet, other: DataSet): ReadonlyMap<string, Difference> {
  const [left, right] = [flat(mine), flat(other)];
  const found = new Map<string, Difference>();
  for (const [path, value] of left) {
    const theirs = right.get(path);
    if (theirs === undefined) found.set(path, "added");
    else if (theirs !== value) found.set(path, "changed");
  }
  for (const path of right.keys()) if (!left.has(path)) found.set(path, "removed");
  return found;
}

function flat(dataSet: DataSet): Map<string, string> {
  const paths = new Map<string, string>();
  const visit = (json: Readonly<Record<string, unknown>>, prefix: string): void => {
    for (const [tag, element] of Object.entries(json)) {
      const { vr, Value, ...binary } = element as {
        readonly vr: string;
        readonly Value?: readonly unknown[];
      };
      const path = `${prefix}${tag}`;
      if (vr !== "SQ") {
        paths.set(path, JSON.stringify([vr, Value ?? null, binary]));
        continue;
      }
      paths.set(path, `SQ ${Value?.length ?? 0}`);
      Value?.forEach((item, index) => visit(item as Readonly<Record<string, unknown>>, `${path}/${index}/`));
    }
  };
  visit(toDicomJson(dataSet), "");
  return paths;
}
