/** The tag browser: every attribute of an instance, found, peeked into, compared, checked, and changed in a copy. */
import { useQuery } from "@tanstack/react-query";
import { toDicomJson, validate } from "@isocenter/dicom";
import { useMemo, useState } from "react";
import { dicomweb, resourcePath } from "../api/dicomweb.ts";
import { number, Tag, text as value } from "../dicom/attributes.ts";
import { useText } from "../messages/use-text.ts";
import { routeHash } from "../routing/route.ts";
import { navigate } from "../routing/use-route.ts";
import { CopyButton } from "../ui/copy-button.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";
import { seriesQuery } from "../viewer/load/study-queries.ts";
import { differencesOf } from "./diff.ts";
import { EditBar } from "./edit-bar.tsx";
import { FindingsPanel } from "./findings-panel.tsx";
import { TagTree } from "./tag-tree.tsx";
import { type Edits, noEdits } from "./edits.ts";
import { useFile } from "./use-file.ts";

export function TagsView({
  path,
  query,
}: {
  readonly path: readonly string[];
  readonly query: URLSearchParams;
}) {
  const words = useText();
  const text = words.tags;
  const [study = "", seriesGiven, instanceGiven] = path;
  const source = query.get("source") ?? undefined;
  const compared = query.get("compare") ?? "";
  const [filter, setFilter] = useState("");
  const [onlyDifferences, setOnlyDifferences] = useState(false);
  const [edits, setEdits] = useState<Edits | undefined>();
  const series = useQuery(seriesQuery(source, study));
  const seriesUid = seriesGiven ?? value(series.data?.[0], Tag.SeriesInstanceUID);
  const instances = useQuery({
    queryKey: ["instances", source ?? "local", study, seriesUid],
    queryFn: async ({ signal }) => {
      const list = await dicomweb.instances({ source, study, series: seriesUid }, signal);
      return list.toSorted(
        (a, b) => (number(a, Tag.InstanceNumber) ?? 0) - (number(b, Tag.InstanceNumber) ?? 0),
      );
    },
    enabled: seriesUid !== undefined,
  });
  const list = instances.data ?? [];
  const instance = instanceGiven || (value(list[0], Tag.SOPInstanceUID) ?? "");
  const at = list.findIndex((one) => value(one, Tag.SOPInstanceUID) === instance);
  const { file, bytes, error, isLoading } = useFile(source, study, seriesUid, instance);
  const other = useFile(source, study, seriesUid, compared);
  const differences = useMemo(
    () =>
      file === undefined || other.file === undefined
        ? undefined
        : differencesOf(file.dataSet, other.file.dataSet),
    [file, other.file],
  );
  const findings = useMemo(() => (file === undefined ? [] : validate(file.dataSet)), [file]);
  const go = (next: { series?: string; instance?: string; compare?: string }): void => {
    const target = next.series ?? seriesUid ?? "";
    setEdits(undefined);
    navigate(
      ["tags", study, target, ...(next.series === undefined ? [next.instance ?? instance] : [])],
      { source, compare: next.series === undefined ? (next.compare ?? compared) : "" },
      { replace: true },
    );
  };
  const failure = series.error ?? instances.error ?? error;
  return (
    <section className="page tags-page" aria-labelledby="tags-title">
      <header className="page-head">
        <h1 id="tags-title">{text.title}</h1>
        <span className="grow" />
        <a className="button small" href={routeHash(["view", study], { source, image: instance })}>
          {text.view}
        </a>
        <a
          className="button small"
          href={resourcePath({ source, study, series: seriesUid, instance })}
          download={`${instance}.dcm`}
        >
          {text.download}
        </a>
        {file !== undefined && (
          <CopyButton
            text={JSON.stringify(toDicomJson(file.dataSet, { bulkThreshold: 1024 }))}
            label={text.copyJson}
          />
        )}
        {file !== undefined && source === undefined && edits === undefined && (
          <button type="button" className="button small" onClick={() => setEdits(noEdits)}>
            {text.edit}
          </button>
        )}
      </header>
      <div className="tag-choices">
        <label className="field">
          <span>{text.series}</span>
          <select value={seriesUid ?? ""} onChange={(event) => go({ series: event.target.value })}>
            {series.data?.map((one) => (
              <option key={value(one, Tag.SeriesInstanceUID)} value={value(one, Tag.SeriesInstanceUID)}>
                {[value(one, Tag.Modality), value(one, Tag.SeriesDescription)].filter(Boolean).join(" · ")}
              </option>
            ))}
          </select>
        </label>
        <label className="field">
          <span>
            {text.instance}{" "}
            {at >= 0 && <span className="numeric">({text.instanceOf(at + 1, list.length)})</span>}
          </span>
          <input
            type="range"
            min={0}
            max={Math.max(0, list.length - 1)}
            value={Math.max(0, at)}
            disabled={list.length < 2}
            onChange={(event) =>
              go({ instance: value(list[Number(event.target.value)], Tag.SOPInstanceUID) ?? instance })
            }
          />
        </label>
        <label className="field">
          <span>{text.compareWith}</span>
          <select value={compared} onChange={(event) => go({ compare: event.target.value })}>
            <option value="">{text.noComparison}</option>
            {list
              .filter((one) => value(one, Tag.SOPInstanceUID) !== instance)
              .map((one, index) => (
                <option key={value(one, Tag.SOPInstanceUID)} value={value(one, Tag.SOPInstanceUID)}>
                  {text.instance} {number(one, Tag.InstanceNumber) ?? index + 1}
                </option>
              ))}
          </select>
        </label>
        <label className="field grow">
          <span>{text.filter}</span>
          <input type="search" value={filter} onChange={(event) => setFilter(event.target.value)} />
        </label>
      </div>
      {differences !== undefined && (
        <label className="overlay-choice">
          <input
            type="checkbox"
            checked={onlyDifferences}
            onChange={(event) => setOnlyDifferences(event.target.checked)}
          />
          {text.onlyDifferences} <span className="muted">({text.differences(differences.size)})</span>
        </label>
      )}
      {failure !== null && <ProblemPanel error={failure} />}
      {isLoading && <p role="status">{words.shell.loading}</p>}
      {file !== undefined && (
        <div className="tag-columns">
          <TagTree
            key={instance}
            file={file}
            other={other.file}
            differences={differences}
            onlyDifferences={onlyDifferences && differences !== undefined}
            filter={filter}
            findings={findings}
            edits={edits}
            onEdit={setEdits}
          />
          <FindingsPanel findings={findings} bytes={bytes} onFind={(tag) => setFilter(tag)} />
        </div>
      )}
      {edits !== undefined && file !== undefined && (
        <EditBar
          file={file}
          edits={edits}
          onCancel={() => setEdits(undefined)}
          onStored={(uid) => {
            void instances.refetch();
            go({ instance: uid });
          }}
        />
      )}
    </section>
  );
}
