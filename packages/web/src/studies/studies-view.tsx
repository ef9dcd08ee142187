/** The studies of one source: query, list, detail. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api/client.ts";
import type { About, Criteria, FindResult, Peer } from "../api/types.ts";
import { ProblemPanel } from "../ui/problem-panel.tsx";
import { QueryForm } from "./query-form.tsx";
import { StudyDetail } from "./study-detail.tsx";
import { StudyTable } from "./study-table.tsx";

export function StudiesView({
  peer,
  sourceId,
  about,
}: {
  readonly peer: Peer | undefined;
  readonly sourceId: string | undefined;
  readonly about: About | undefined;
}) {
  // A remote PACS may hold millions of studies: it is asked only when the user says what for.
  const [criteria, setCriteria] = useState<Criteria | undefined>(sourceId === undefined ? {} : undefined);
  const [selected, setSelected] = useState<FindResult | undefined>();
  const studies = useQuery({
    queryKey: ["studies", sourceId ?? "local", criteria],
    queryFn: ({ signal }) =>
      api.find({ level: "STUDY", criteria: criteria ?? {}, connectionId: sourceId }, signal),
    enabled: criteria !== undefined,
    retry: false,
  });
  const search = (next: Criteria): void => {
    setSelected(undefined);
    if (JSON.stringify(next) === JSON.stringify(criteria)) void studies.refetch();
    else setCriteria(next);
  };
  const results = studies.data?.results ?? [];
  return (
    <div className={selected === undefined ? "studies-view" : "studies-view with-detail"}>
      <section className="page" aria-labelledby="studies-title">
        <header className="page-head">
          <h1 id="studies-title">{sourceId === undefined ? "This archive" : (peer?.name ?? "PACS")}</h1>
          {peer !== undefined && (
            <p className="muted">
              {peer.calledAE} at {peer.host}:{peer.port}, as {peer.callingAE}
            </p>
          )}
          {sourceId === undefined && about?.demo === true && (
            <span className="badge accent">Demo hospital</span>
          )}
          <p className="result-count muted" aria-live="polite">
            {studies.isSuccess && (results.length === 1 ? "1 study" : `${results.length} studies`)}
            {studies.data?.truncated === true && ", there are more: narrow the query"}
          </p>
        </header>
        <QueryForm onSearch={search} busy={studies.isFetching} />
        {studies.isLoading && <Skeleton />}
        {studies.isError && <ProblemPanel error={studies.error} onRetry={() => void studies.refetch()} />}
        {criteria === undefined && (
          <Empty
            title="Ready to query"
            text="Say what you look for, or search with empty fields for everything."
          />
        )}
        {studies.isSuccess && results.length === 0 && (
          <NoStudies criteria={criteria ?? {}} local={sourceId === undefined} about={about} />
        )}
        {results.length > 0 && <StudyTable studies={results} selected={selected} onSelect={setSelected} />}
      </section>
      {selected !== undefined && (
        <StudyDetail
          key={selected.studyInstanceUID}
          study={selected}
          sourceId={sourceId}
          onClose={() => setSelected(undefined)}
        />
      )}
    </div>
  );
}

function NoStudies({
  criteria,
  local,
  about,
}: {
  readonly criteria: Criteria;
  readonly local: boolean;
  readonly about: About | undefined;
}) {
  if (Object.keys(criteria).length > 0) {
    return (
      <Empty
        title="No study matches"
        text="Try fewer criteria, or wildcards: LIND* finds every name that begins so."
      />
    );
  }
  if (!local || about === undefined)
    return <Empty title="No studies" text="The PACS answered, and it holds nothing it would show." />;
  const { aeTitle, host, port } = about.dicom;
  return (
    <Empty
      title="The archive is empty"
      text={`Send images to ${aeTitle} at ${host}:${port}; they show here at once.`}
    />
  );
}

function Empty({ title, text }: { readonly title: string; readonly text: string }) {
  return (
    <div className="empty">
      <h2>{title}</h2>
      <p className="muted">{text}</p>
    </div>
  );
}

function Skeleton() {
  return (
    <div aria-label="Loading studies" role="status">
      {[1, 2, 3, 4].map((row) => (
        <div className="skeleton" key={row} />
      ))}
    </div>
  );
}
