/** The study's series as thumbnails, and the patient's other studies. */
import { dicomweb } from "../../api/dicomweb.ts";
import { Tag, text as value } from "../../dicom/attributes.ts";
import { age, date, personName } from "../../format/dicom-text.ts";
import { useText } from "../../messages/use-text.ts";
import { routeHash } from "../../routing/route.ts";
import { BackIcon } from "../../ui/icons.tsx";
import { ProblemPanel } from "../../ui/problem-panel.tsx";
import { dragType } from "../grid/pane.tsx";
import type { PatientStudy } from "../load/use-patient-studies.ts";
import type { LoadedStudy, StudySeries } from "../load/use-study.ts";
import type { DisplaySet } from "../model/display-sets.ts";
import type { ViewerState } from "../state/viewer-state.ts";
import { Thumbnail } from "../../ui/thumbnail.tsx";

export function SeriesRail({
  study,
  prior,
  others,
  state,
  onShow,
  onPrior,
}: {
  readonly study: LoadedStudy;
  readonly prior: LoadedStudy | undefined;
  readonly others: readonly PatientStudy[];
  readonly state: ViewerState;
  readonly onShow: (set: DisplaySet) => void;
  readonly onPrior: (uid: string) => void;
}) {
  const text = useText().viewer;
  const { about } = study;
  const name = personName(value(about, Tag.PatientName));
  const shown = new Set(state.panes.map(({ setId }) => setId));
  return (
    <nav className="series-rail" aria-label={text.series}>
      <a className="rail-back" href={routeHash(["studies"], { source: study.source })}>
        <BackIcon /> {text.back}
      </a>
      {about !== undefined && (
        <header className="rail-patient">
          <strong>
            <bdi>{name.main}</bdi>
          </strong>
          <span>
            {[
              value(about, Tag.PatientID),
              value(about, Tag.PatientSex),
              age(value(about, Tag.PatientBirthDate), value(about, Tag.StudyDate)),
            ]
              .filter(Boolean)
              .join(" · ")}
          </span>
          <span>
            {date(value(about, Tag.StudyDate))} {value(about, Tag.StudyDescription)}
          </span>
        </header>
      )}
      <SeriesList study={study} shown={shown} activeId={state.panes[state.active]?.setId} onShow={onShow} />
      {others.length > 0 && (
        <section className="priors" aria-label={text.priors}>
          <h2>{text.priors}</h2>
          {others.map((one) => (
            <div key={one.uid}>
              <button
                type="button"
                className="prior"
                aria-pressed={prior?.uid === one.uid}
                onClick={() => onPrior(one.uid)}
              >
                <span className="grow">
                  {date(one.date)}
                  <small>{one.description || text.noDescription}</small>
                </span>
                <span className="badge">{one.modalities.join(" ")}</span>
              </button>
              {prior?.uid === one.uid && (
                <SeriesList
                  study={prior}
                  shown={shown}
                  activeId={state.panes[state.active]?.setId}
                  onShow={onShow}
                />
              )}
            </div>
          ))}
        </section>
      )}
    </nav>
  );
}

function SeriesList({
  study,
  shown,
  activeId,
  onShow,
}: {
  readonly study: LoadedStudy;
  readonly shown: ReadonlySet<string | undefined>;
  readonly activeId: string | undefined;
  readonly onShow: (set: DisplaySet) => void;
}) {
  return (
    <ul className="series-list">
      {study.series.flatMap((series) =>
        series.error !== null ? (
          <li key={series.uid}>
            <ProblemPanel error={series.error} />
          </li>
        ) : series.sets === undefined ? (
          <li key={series.uid}>
            <SeriesButton
              series={series}
              study={study}
              set={undefined}
              isShown={false}
              isActive={false}
              onShow={onShow}
            />
          </li>
        ) : (
          series.sets.map((set) => (
            <li key={set.id}>
              <SeriesButton
                series={series}
                study={study}
                set={set}
                isShown={shown.has(set.id)}
                isActive={activeId === set.id}
                onShow={onShow}
              />
            </li>
          ))
        ),
      )}
    </ul>
  );
}

function SeriesButton({
  series,
  study,
  set,
  isShown,
  isActive,
  onShow,
}: {
  readonly series: StudySeries;
  readonly study: LoadedStudy;
  readonly set: DisplaySet | undefined;
  readonly isShown: boolean;
  readonly isActive: boolean;
  readonly onShow: (set: DisplaySet) => void;
}) {
  const text = useText().viewer;
  const [, instance] = set?.id.split("/") ?? [];
  const kind = set?.kind ?? "images";
  const count = set === undefined ? series.count : set.kind !== "images" ? undefined : set.frames.length;
  return (
    <button
      type="button"
      className="series-button"
      aria-pressed={isActive}
      data-shown={isShown}
      disabled={set === undefined}
      draggable={set !== undefined}
      onDragStart={(event) => {
        if (set !== undefined) event.dataTransfer.setData(dragType, set.id);
      }}
      onClick={() => set !== undefined && onShow(set)}
    >
      <Thumbnail
        src={
          set?.kind === "images"
            ? dicomweb.thumbnailPath({ source: study.source, study: study.uid, series: series.uid, instance })
            : undefined
        }
        label={series.modality}
      />
      <span className="series-words">
        <span className="series-title">{(set?.description ?? series.description) || text.noDescription}</span>
        <small>
          <span className="badge">{series.modality}</span>
          {kind === "images"
            ? count === undefined
              ? ""
              : set?.isCine === true
                ? text.frames(count)
                : text.images(count)
            : text.kinds[kind]}
        </small>
      </span>
    </button>
  );
}
