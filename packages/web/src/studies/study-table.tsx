/** Studies as a table: sortable, and walked through with the arrow keys. */
import { type KeyboardEvent, useMemo, useState } from "react";
import type { FindResult } from "../api/types.ts";
import { age, date, personName, sex, time } from "../format/dicom-text.ts";

type SortKey =
  | "patientName"
  | "studyDate"
  | "modality"
  | "studyDescription"
  | "accessionNumber"
  | "numberOfInstances";
const columns: readonly (readonly [SortKey, string])[] = [
  ["patientName", "Patient"],
  ["studyDate", "Date"],
  ["modality", "Modality"],
  ["studyDescription", "Description"],
  ["accessionNumber", "Accession"],
  ["numberOfInstances", "Series / images"],
];

export function StudyTable({
  studies,
  selected,
  onSelect,
}: {
  readonly studies: readonly FindResult[];
  readonly selected: FindResult | undefined;
  readonly onSelect: (study: FindResult) => void;
}) {
  const [sort, setSort] = useState<{ key: SortKey; down: boolean }>({ key: "studyDate", down: true });
  const sorted = useMemo(() => sortedBy(studies, sort.key, sort.down), [studies, sort]);
  const onKeyDown = (event: KeyboardEvent<HTMLTableRowElement>, index: number): void => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const study = sorted[index + step];
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      const current = sorted[index];
      if (current !== undefined) onSelect(current);
    } else if (step !== 0 && study !== undefined) {
      event.preventDefault();
      onSelect(study);
      const row = event.currentTarget.parentElement?.children[index + step];
      if (row instanceof HTMLElement) row.focus();
    }
  };
  return (
    <table className="studies" aria-label="Studies">
      <thead>
        <tr>
          {columns.map(([key, label]) => (
            <th
              key={key}
              scope="col"
              aria-sort={sort.key === key ? (sort.down ? "descending" : "ascending") : "none"}
            >
              <button
                type="button"
                onClick={() => setSort({ key, down: sort.key === key ? !sort.down : false })}
              >
                {label}
                <span aria-hidden="true">{sort.key === key ? (sort.down ? " ↓" : " ↑") : ""}</span>
              </button>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {sorted.map((study, index) => (
          <tr
            key={study.studyInstanceUID ?? index}
            tabIndex={0}
            aria-selected={study === selected}
            onClick={() => onSelect(study)}
            onKeyDown={(event) => onKeyDown(event, index)}
          >
            <td>
              <PatientCell study={study} />
            </td>
            <td className="numeric">
              {date(study.studyDate)} <small>{time(study.studyTime)}</small>
            </td>
            <td>
              {study.modalities?.map((modality) => (
                <span className="badge" key={modality}>
                  {modality}
                </span>
              ))}
            </td>
            <td>{study.studyDescription ?? <span className="muted">—</span>}</td>
            <td className="numeric">{study.accessionNumber ?? ""}</td>
            <td className="numeric right">
              {study.numberOfSeries ?? "–"} / {study.numberOfInstances ?? "–"}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function PatientCell({ study }: { readonly study: FindResult }) {
  const { main, other } = personName(study.patientName);
  const facts = [study.patientID, sex(study.patientSex), age(study.patientBirthDate, study.studyDate)];
  return (
    <>
      <strong>
        <bdi>{main}</bdi>
      </strong>
      {other !== "" && <bdi className="other-name">{other}</bdi>}
      <small>{facts.filter((fact) => fact !== undefined && fact !== "").join(" · ")}</small>
    </>
  );
}

function sortedBy(studies: readonly FindResult[], key: SortKey, down: boolean): FindResult[] {
  const sign = down ? -1 : 1;
  const value = (study: FindResult): string | number =>
    key === "studyDate" ? `${study.studyDate ?? ""}${study.studyTime ?? ""}` : (study[key] ?? "");
  return studies.toSorted((a, b) => {
    const [left, right] = [value(a), value(b)];
    return (
      sign *
      (typeof left === "number" && typeof right === "number"
        ? left - right
        : String(left).localeCompare(String(right)))
    );
  });
}
