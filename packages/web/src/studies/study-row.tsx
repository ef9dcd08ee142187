/** One study of the list. */
import type { KeyboardEvent } from "react";
import { age, date, personName, time } from "../format/dicom-text.ts";
import type { Study } from "../format/study.ts";
import { useText } from "../messages/use-text.ts";
import { Thumbnail } from "../ui/thumbnail.tsx";

export function StudyRow({
  study,
  index,
  isSelected,
  isChecked,
  thumbnail,
  sourceName,
  onSelect,
  onOpen,
  onCheck,
  onKeyDown,
}: {
  readonly study: Study;
  readonly index: number;
  readonly isSelected: boolean;
  readonly isChecked: boolean;
  readonly thumbnail: string | undefined;
  readonly sourceName: string | undefined;
  readonly onSelect: () => void;
  readonly onOpen: () => void;
  readonly onCheck: (isChecked: boolean) => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
}) {
  const text = useText().studies;
  const { main, other } = personName(study.patientName);
  const name = main === "" ? text.noName : main;
  const facts = [study.patientId, text.sexes[study.sex ?? ""], age(study.birthDate, study.date)];
  return (
    <tr
      tabIndex={0}
      data-index={index}
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      onClick={onSelect}
      onDoubleClick={onOpen}
      onKeyDown={(event) => {
        if (event.target === event.currentTarget) onKeyDown(event);
      }}
    >
      <td className="check-cell" onClick={(event) => event.stopPropagation()}>
        <input
          type="checkbox"
          aria-label={`${text.check}: ${name}, ${date(study.date)}`}
          checked={isChecked}
          onChange={(event) => onCheck(event.target.checked)}
        />
      </td>
      <td>
        <span className="patient-cell">
          <Thumbnail src={thumbnail} label={study.modalities[0] ?? "–"} />
          <span className="grow">
            <strong>
              <bdi>{name}</bdi>
            </strong>
            {other !== "" && <bdi className="other-name">{other}</bdi>}
            <small>{facts.filter((fact) => fact !== undefined && fact !== "").join(" · ")}</small>
          </span>
        </span>
      </td>
      <td className="numeric">
        {date(study.date)} <small>{time(study.time)}</small>
      </td>
      <td>
        {study.modalities.map((modality) => (
          <span className="badge" key={modality}>
            {modality}
          </span>
        ))}
      </td>
      <td>{study.description ?? <span className="muted">—</span>}</td>
      <td className="numeric">{study.accession ?? ""}</td>
      <td className="numeric right">
        {study.series ?? "–"} / {study.images ?? "–"}
      </td>
      {sourceName !== undefined && <td className="muted">{sourceName}</td>}
    </tr>
  );
}
