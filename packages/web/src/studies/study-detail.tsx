/** One study: who, what, its series, the patient's other studies, and what can be done with it. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { dicomweb } from "../api/dicomweb.ts";
import type { Peer } from "../api/types.ts";
import { number, Tag, text as value } from "../dicom/attributes.ts";
import { age, date, personName, time } from "../format/dicom-text.ts";
import { hasPictures, type Study, studyFromJson } from "../format/study.ts";
import { useText } from "../messages/use-text.ts";
import { routeHash } from "../routing/route.ts";
import { CopyButton } from "../ui/copy-button.tsx";
import { CloseIcon, TagIcon, ViewIcon } from "../ui/icons.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";
import { Thumbnail } from "../ui/thumbnail.tsx";
import { metadataQuery, orderedSeries, seriesQuery } from "../viewer/load/study-queries.ts";
import { StudyActions } from "./study-actions.tsx";

export function StudyDetail({
  study,
  peers,
  onOpen,
  onSelect,
  onClose,
  onDeleted,
}: {
  readonly study: Study;
  readonly peers: readonly Peer[];
  readonly onOpen: (study: Study) => void;
  readonly onSelect: (study: Study) => void;
  readonly onClose: () => void;
  readonly onDeleted: () => void;
}) {
  const words = useText();
  const text = words.studies;
  const { source, uid } = study;
  const client = useQueryClient();
  const series = useQuery(seriesQuery(source, uid));
  const first = value(orderedSeries(series.data ?? [])[0], Tag.SeriesInstanceUID);
  // A remote PACS is not asked for what nobody wants to see yet.
  useEffect(() => {
    if (source === undefined && first !== undefined)
      void client.prefetchQuery(metadataQuery(source, uid, first));
  }, [client, source, uid, first]);
  const priors = useQuery({
    queryKey: ["priors", source ?? "local", study.patientId],
    queryFn: async ({ signal }) => {
      const parameters = new URLSearchParams({
        PatientID: study.patientId ?? "",
        includefield: "StudyDescription",
        limit: "50",
      });
      return (await dicomweb.studies(source, parameters, signal)).studies.map((one) =>
        studyFromJson(one, source),
      );
    },
    enabled: study.patientId !== undefined,
  });
  const others = (priors.data ?? []).filter((one) => one.uid !== uid);
  const { main, other } = personName(study.patientName);
  return (
    <aside className="detail" aria-label={text.study}>
      <header>
        <div>
          <h2>
            <bdi>{main || text.noName}</bdi> {other !== "" && <bdi className="other-name">{other}</bdi>}
          </h2>
          <p className="muted">
            {[study.patientId, text.sexes[study.sex ?? ""], age(study.birthDate, study.date)]
              .filter((fact) => fact !== undefined && fact !== "")
              .join(" · ")}
          </p>
        </div>
        <button type="button" className="icon-button" aria-label={text.closeStudy} onClick={onClose}>
          <CloseIcon />
        </button>
      </header>
      <p>
        <strong>{study.description ?? text.noDescription}</strong>
        <br />
        <span className="muted">
          {[date(study.date), time(study.time), study.accession].filter(Boolean).join(" · ")}
        </span>
        {study.referring !== undefined && (
          <>
            <br />
            <span className="muted">
              {text.fields.referring}: {personName(study.referring).main}
            </span>
          </>
        )}
      </p>
      <button type="button" className="button primary wide-button" onClick={() => onOpen(study)}>
        <ViewIcon /> {text.open}
      </button>
      <StudyActions studies={[study]} peers={peers} onDeleted={onDeleted} />
      <h3>{text.series}</h3>
      {series.isPending && <div className="skeleton" role="status" aria-label={words.shell.loading} />}
      {series.isError && <ProblemPanel error={series.error} onRetry={() => void series.refetch()} />}
      <ul className="series">
        {series.data?.map((one) => {
          const seriesUid = value(one, Tag.SeriesInstanceUID) ?? "";
          const modality = value(one, Tag.Modality) ?? "?";
          return (
            <li key={seriesUid}>
              <Thumbnail
                src={
                  source === undefined && hasPictures([modality])
                    ? dicomweb.thumbnailPath({ source, study: uid, series: seriesUid })
                    : undefined
                }
                label={modality}
              />
              <span className="grow">
                {value(one, Tag.SeriesDescription) ?? text.noDescription}
                <small>
                  <span className="badge">{modality}</span>
                  {number(one, Tag.SeriesNumber) !== undefined &&
                    words.viewer.seriesNumber(number(one, Tag.SeriesNumber) ?? 0)}
                </small>
              </span>
              <span className="numeric muted">{number(one, Tag.NumberOfSeriesRelatedInstances) ?? "–"}</span>
              <a
                className="icon-button"
                href={routeHash(["tags", uid, seriesUid], { source })}
                aria-label={`${text.attributes}: ${value(one, Tag.SeriesDescription) ?? modality}`}
                title={text.attributes}
              >
                <TagIcon />
              </a>
            </li>
          );
        })}
      </ul>
      {others.length > 0 && (
        <>
          <h3>{text.priors}</h3>
          <ul className="prior-list">
            {others.map((one) => (
              <li key={one.uid}>
                <button type="button" className="prior-button" onClick={() => onSelect(one)}>
                  <span className="grow">
                    {date(one.date)}
                    <small>{one.description ?? text.noDescription}</small>
                  </span>
                  {one.modalities.map((modality) => (
                    <span className="badge" key={modality}>
                      {modality}
                    </span>
                  ))}
                </button>
                <a className="link" href={routeHash(["view", uid], { source, prior: one.uid })}>
                  {text.compare}
                </a>
              </li>
            ))}
          </ul>
        </>
      )}
      <div className="detail-actions">
        <CopyButton text={uid} label={text.copyUid} />
      </div>
    </aside>
  );
}
