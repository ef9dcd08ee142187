/** Studies of this archive, of a peer, or of all: search, list, detail, and what is done to many at once. */
import { useEffect, useRef, useState } from "react";
import type { About, Peer } from "../api/types.ts";
import type { Study } from "../format/study.ts";
import { useText } from "../messages/use-text.ts";
import { parseRoute } from "../routing/route.ts";
import { navigate, routeState } from "../routing/use-route.ts";
import { ProblemPanel } from "../ui/problem-panel.tsx";
import { BulkBar } from "./bulk-bar.tsx";
import { addressOfFilters, type Filters, filtersFrom, isEmpty } from "./filters.ts";
import { NoStudies, Skeleton } from "./no-studies.tsx";
import { QueryForm } from "./query-form.tsx";
import { SavedSearches } from "./saved-searches.tsx";
import { StudyDetail } from "./study-detail.tsx";
import { StudyTable } from "./study-table.tsx";
import { sourceName, useStudies } from "./use-studies.ts";

export const allSources = "all";
/** A pause in typing, ms: then this archive is asked. */
const typingPause = 250;

export function StudiesView({
  query,
  peers,
  about,
  onImport,
}: {
  readonly query: URLSearchParams;
  readonly peers: readonly Peer[];
  readonly about: About | undefined;
  readonly onImport: () => void;
}) {
  const words = useText();
  const text = words.studies;
  const given = query.get("source") ?? "";
  const sources =
    given === allSources ? [undefined, ...peers.map(({ id }) => id)] : [given === "" ? undefined : given];
  const isLocalOnly = given === "";
  const [filters, setFilters] = useState<Filters>(() => filtersFrom(query, routeState<Filters>("filters")));
  // A remote PACS may hold millions of studies: it is asked only when the reader says what for.
  const [asked, setAsked] = useState<Filters | undefined>(isLocalOnly ? filters : undefined);
  const [selected, setSelected] = useState<Study | undefined>();
  const [checked, setChecked] = useState<ReadonlyMap<string, Study>>(new Map());
  const scroller = useRef<HTMLElement>(null);
  const list = useStudies(sources, asked);

  useEffect(() => {
    // Whoever went elsewhere meanwhile is not called back.
    if (!["studies", undefined].includes(parseRoute(location.hash).path[0])) return undefined;
    navigate(
      ["studies"],
      { source: given, ...addressOfFilters(filters) },
      { replace: true, state: { filters } },
    );
    if (!isLocalOnly || filters === asked) return undefined;
    const timer = setTimeout(() => setAsked(filters), typingPause);
    return () => clearTimeout(timer);
  }, [filters, given, isLocalOnly]);

  const search = (next: Filters): void => {
    setSelected(undefined);
    if (JSON.stringify(next) === JSON.stringify(asked)) list.refresh();
    else setAsked(next);
  };
  const open = (study: Study): void => navigate(["view", study.uid], { source: study.source });
  const check = (studies: readonly Study[], isChecked: boolean): void => {
    const next = new Map(checked);
    for (const study of studies) {
      if (isChecked) next.set(study.uid, study);
      else next.delete(study.uid);
    }
    setChecked(next);
  };
  const peer = peers.find(({ id }) => id === given);
  const title =
    given === allSources ? words.shell.allSources : sourceName(sources[0], peers, words.shell.thisArchive);
  const { studies } = list;
  return (
    <div className={selected === undefined ? "studies-view" : "studies-view with-detail"}>
      <section className="page studies-page" aria-labelledby="studies-title" ref={scroller}>
        <header className="page-head">
          <h1 id="studies-title">{title}</h1>
          {peer !== undefined && (
            <p className="muted">
              {peer.calledAE} · {peer.host}:{peer.port} · {peer.callingAE}
            </p>
          )}
          {isLocalOnly && about?.demo === true && <span className="badge accent">{text.demo}</span>}
          <p className="result-count muted" role="status">
            {list.isReady && text.count(studies.length, list.hasMore)}
            {list.isReady && list.hasMore && !isLocalOnly && ` ${text.narrow}`}
          </p>
          <button type="button" className="button" onClick={onImport}>
            {text.import}
          </button>
        </header>
        <QueryForm
          filters={filters}
          isBusy={list.isFetching}
          onChange={setFilters}
          onSearch={() => search(filters)}
        />
        <SavedSearches
          filters={filters}
          onUse={(saved) => {
            setFilters(saved);
            search(saved);
          }}
        />
        {list.problems.map(({ source, error }) => (
          <ProblemPanel
            key={source ?? ""}
            error={error}
            source={sources.length > 1 ? sourceName(source, peers, words.shell.thisArchive) : undefined}
            onRetry={() => list.refresh()}
          />
        ))}
        {list.isLoading && studies.length === 0 && <Skeleton />}
        {list.isReady && studies.length === 0 && list.problems.length === 0 && (
          <NoStudies
            isFiltered={!isEmpty(asked ?? filters)}
            isLocal={isLocalOnly}
            about={about}
            onImport={onImport}
          />
        )}
        {asked === undefined && (
          <div className="empty">
            <h2>{text.readyTitle}</h2>
            <p className="muted">{text.readyText}</p>
          </div>
        )}
        {studies.length > 0 && (
          <StudyTable
            studies={studies}
            hasMore={list.hasMore}
            peers={peers}
            showSource={sources.length > 1}
            selected={selected}
            checked={new Set(checked.keys())}
            scroller={scroller}
            onSelect={setSelected}
            onOpen={open}
            onCheck={check}
            onEnd={() => list.more()}
          />
        )}
        {checked.size > 0 && (
          <BulkBar
            studies={[...checked.values()]}
            peers={peers}
            onDone={() => {
              setChecked(new Map());
              setSelected(undefined);
              list.refresh();
            }}
            onClear={() => setChecked(new Map())}
          />
        )}
      </section>
      {selected !== undefined && (
        <StudyDetail
          key={`${selected.source ?? ""} ${selected.uid}`}
          study={selected}
          peers={peers}
          onOpen={open}
          onSelect={setSelected}
          onClose={() => setSelected(undefined)}
          onDeleted={() => {
            setSelected(undefined);
            list.refresh();
          }}
        />
      )}
    </div>
  );
}
