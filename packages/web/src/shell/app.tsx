/** The frame: where to go on the left, one view beside it; the viewer has the whole page. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useCallback, useEffect, useState } from "react";
import { AboutView } from "../about/about-view.tsx";
import { api } from "../api/client.ts";
import { useFeatures } from "../api/features.ts";
import { useChanges } from "../api/use-changes.ts";
import { DropZone } from "../import/drop-zone.tsx";
import { ImportDialog } from "../import/import-dialog.tsx";
import { useText } from "../messages/use-text.ts";
import { ConnectView } from "../peers/connect-view.tsx";
import { PeersView } from "../peers/peers-view.tsx";
import { navigate, useRoute } from "../routing/use-route.ts";
import { StudiesView } from "../studies/studies-view.tsx";
import { ErrorBoundary } from "../ui/error-boundary.tsx";
import { preloaded } from "./preloaded.tsx";
import { Rail } from "./rail.tsx";
import { Shortcuts } from "./shortcuts.tsx";
import { useTheme } from "./use-theme.ts";

const viewer = preloaded(async () => {
  const { ViewerView, warmUp } = await import("../viewer/viewer-view.tsx");
  warmUp();
  return ViewerView;
});
const TagsView = lazy(async () => ({ default: (await import("../tags/tags-view.tsx")).TagsView }));
const AssociationsView = lazy(async () => ({
  default: (await import("../associations/associations-view.tsx")).AssociationsView,
}));

export function App() {
  const words = useText();
  const text = words.shell;
  const route = useRoute();
  const [view = "studies", ...rest] = route.path;
  const [theme, setTheme] = useTheme();
  const features = useFeatures();
  const client = useQueryClient();
  const [dropped, setDropped] = useState<readonly (File | FileSystemEntry)[] | undefined>();
  const [hasShortcuts, setShortcuts] = useState(false);
  const peers = useQuery({ queryKey: ["peers"], queryFn: ({ signal }) => api.peers(signal) });
  const about = useQuery({
    queryKey: ["about"],
    queryFn: ({ signal }) => api.about(signal),
    refetchInterval: 15_000,
  });
  useChanges(about.data);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const isTyping = event.target instanceof HTMLElement && event.target.matches("input, textarea, select");
      if (event.key === "?" && !isTyping) setShortcuts(true);
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  // The viewer is fetched while nothing else is, so that a study opens at once.
  useEffect(() => {
    const handle = requestIdleCallback(() => void viewer.load(), { timeout: 3000 });
    return () => cancelIdleCallback(handle);
  }, []);
  useEffect(() => {
    const titles: Readonly<Record<string, string>> = {
      studies: words.studies.title,
      connect: text.connect,
      peers: text.peers,
      associations: text.associations,
      tags: words.tags.title,
      about: text.about,
      view: words.viewer.title,
    };
    document.title = `${titles[view] ?? text.notFound} – Isocenter`;
  }, [view, words, text]);
  const onDrop = useCallback((files: readonly (File | FileSystemEntry)[]) => setDropped(files), []);
  const refreshStudies = (): void => {
    void client.invalidateQueries({ queryKey: ["studies"] });
    void client.invalidateQueries({ queryKey: ["about"] });
  };
  const overlays = (
    <>
      <DropZone onDrop={onDrop} />
      {dropped !== undefined && (
        <ImportDialog dropped={dropped} onClose={() => setDropped(undefined)} onStored={refreshStudies} />
      )}
      {hasShortcuts && <Shortcuts onClose={() => setShortcuts(false)} />}
    </>
  );

  if (view === "view") {
    const study = rest[0] ?? "";
    return (
      <ErrorBoundary key={study}>
        <Suspense fallback={<p className="opening">{words.viewer.loadingViewer}</p>}>
          <viewer.View
            key={`${study} ${route.query.get("source") ?? ""} ${route.query.get("prior") ?? ""}`}
            study={study}
            query={route.query}
          />
        </Suspense>
        {overlays}
      </ErrorBoundary>
    );
  }
  const source = route.query.get("source") ?? "";
  return (
    <div className="shell">
      <a className="skip" href="#main" onClick={focusMain}>
        {text.skip}
      </a>
      <Rail
        view={view}
        source={source}
        peers={peers.data ?? []}
        about={about.data}
        hasAssociations={features.has("/api/associations")}
        theme={theme}
        onTheme={setTheme}
        onShortcuts={() => setShortcuts(true)}
      />
      <main id="main" tabIndex={-1}>
        {about.isError && (
          <p className="banner" role="alert">
            {text.serverSilent}{" "}
            <button type="button" className="link" onClick={() => void about.refetch()}>
              {text.tryAgain}
            </button>
          </p>
        )}
        <ErrorBoundary key={view + source}>
          <Suspense fallback={<p className="opening">{text.loading}</p>}>
            {view === "studies" && (
              <StudiesView
                key={source}
                query={route.query}
                peers={peers.data ?? []}
                about={about.data}
                onImport={() => setDropped([])}
              />
            )}
            {view === "connect" && (
              <ConnectView
                onConnected={() => void peers.refetch()}
                onQuery={(id) => navigate(["studies"], { source: id })}
              />
            )}
            {view === "peers" && (
              <PeersView peers={peers.data ?? []} onChanged={() => void peers.refetch()} />
            )}
            {view === "associations" && (
              <AssociationsView id={rest[0]} hasServer={features.has("/api/associations")} />
            )}
            {view === "tags" && <TagsView path={rest} query={route.query} />}
            {view === "about" && <AboutView about={about.data} error={about.error} />}
            {!views.includes(view) && (
              <section className="page">
                <h1>{text.notFound}</h1>
              </section>
            )}
          </Suspense>
        </ErrorBoundary>
      </main>
      {overlays}
    </div>
  );
}

const views: readonly string[] = ["studies", "connect", "peers", "associations", "tags", "about"];

/** The address behind the hash is the page's own, so a skip link cannot use it. */
function focusMain(event: { preventDefault(): void }): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}
