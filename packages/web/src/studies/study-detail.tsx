/** One study: its series, and its attributes as the source answered them. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api/client.ts";
import type { FindResult } from "../api/types.ts";
import { age, date, personName, sex, time } from "../format/dicom-text.ts";
import { CopyButton } from "../ui/copy-button.tsx";
import { CloseIcon } from "../ui/icons.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";
import { TagTable } from "./tag-table.tsx";

export function StudyDetail({
  study,
  sourceId,
  onClose,
}: {
  readonly study: FindResult;
  readonly sourceId: string | undefined;
  readonly onClose: () => void;
}) {
  const [showTags, setShowTags] = useState(false);
  const studyInstanceUID = study.studyInstanceUID ?? "";
  const series = useQuery({
    queryKey: ["series", sourceId ?? "local", studyInstanceUID],
    queryFn: ({ signal }) =>
      api.find({ level: "SERIES", criteria: { studyInstanceUID }, connectionId: sourceId }, signal),
  });
  const { main, other } = personName(study.patientName);
  return (
    <aside className="detail" aria-label="Study">
      <header>
        <div>
          <h2>
            <bdi>{main}</bdi> {other !== "" && <bdi className="other-name">{other}</bdi>}
          </h2>
          <p className="muted">
            {[study.patientID, sex(study.patientSex), age(study.patientBirthDate, study.studyDate)]
              .filter((fact) => fact !== undefined && fact !== "")
              .join(" · ")}
          </p>
        </div>
        <button type="button" className="icon-button" aria-label="Close study" onClick={onClose}>
          <CloseIcon />
        </button>
      </header>
      <p>
        <strong>{study.studyDescription ?? "No description"}</strong>
        <br />
        <span className="muted">
          {date(study.studyDate)} {time(study.studyTime)}
          {study.accessionNumber !== undefined && ` · ${study.accessionNumber}`}
        </span>
      </p>
      <h3>Series</h3>
      {series.isPending && <div className="skeleton" aria-label="Loading series" />}
      {series.isError && <ProblemPanel error={series.error} onRetry={() => void series.refetch()} />}
      <ul className="series">
        {series.data?.results.map((one) => (
          <li key={one.seriesInstanceUID}>
            <span className="badge">{one.modality ?? "?"}</span>
            <span className="grow">
              {one.seriesDescription ?? "No description"}
              <small>
                {[one.seriesNumber === undefined ? "" : `Series ${one.seriesNumber}`, one.bodyPartExamined]
                  .filter(Boolean)
                  .join(" · ")}
              </small>
            </span>
            <span className="numeric muted">{one.numberOfInstances ?? "–"}</span>
          </li>
        ))}
      </ul>
      <div className="detail-actions">
        <CopyButton text={studyInstanceUID} label="Copy study UID" />
        <button
          type="button"
          className="button small"
          aria-expanded={showTags}
          onClick={() => setShowTags(!showTags)}
        >
          {showTags ? "Hide attributes" : "Show attributes"}
        </button>
      </div>
      {showTags && <TagTable dicom={study.dicom} />}
    </aside>
  );
}
