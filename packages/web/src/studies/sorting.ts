/** Order of a study list. */
import type { Study } from "../format/study.ts";

export type SortKey = "patientName" | "date" | "modality" | "description" | "accession" | "images";

export function sortedBy(studies: readonly Study[], key: SortKey, down: boolean): readonly Study[] {
  const sign = down ? -1 : 1;
  return studies.toSorted((a, b) => {
    const [left, right] = [valueOf(a, key), valueOf(b, key)];
    if (typeof left === "number" && typeof right === "number") return sign * (left - right);
    return sign * String(left).localeCompare(String(right));
  });
}

function valueOf(study: Study, key: SortKey): string | number {
  if (key === "date") return `${study.date ?? ""}${study.time ?? ""}`;
  if (key === "modality") return study.modalities.join();
  return study[key] ?? (key === "images" ? 0 : "");
}
