/** The frame: sources on the left, one view beside them. */
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useRoute } from "../routing/use-route.ts";
import { AboutView } from "../about/about-view.tsx";
import { api } from "../api/client.ts";
import type { Peer } from "../api/types.ts";
import { ConnectView } from "../connect/connect-view.tsx";
import { StudiesView } from "../studies/studies-view.tsx";
import { ErrorBoundary } from "../ui/error-boundary.tsx";
import { ArchiveIcon, InfoIcon, Mark, PeerIcon, PlusIcon, ThemeIcon } from "../ui/icons.tsx";
import { useTheme } from "./use-theme.ts";

type View =
  | { readonly kind: "studies"; readonly source?: string }
  | { readonly kind: "connect" }
  | { readonly kind: "about" };

const ViewerView = lazy(async () => ({ default: (await import("../viewer/viewer-view.tsx")).ViewerView }));

export function App() {
  const route = useRoute();
  if (route.path[0] === "view")
    return (
      <Suspense>
        <ViewerView study={route.path[1] ?? ""} query={route.query} />
      </Suspense>
    );
  return <Shell />;
}

function Shell() {
  const [view, setView] = useState<View>({ kind: "studies" });
  const [theme, nextTheme] = useTheme();
  const peers = useQuery({ queryKey: ["peers"], queryFn: ({ signal }) => api.peers(signal) });
  const about = useQuery({
    queryKey: ["about"],
    queryFn: ({ signal }) => api.about(signal),
    refetchInterval: 15_000,
  });
  const source = view.kind === "studies" ? view.source : undefined;
  const current = peers.data?.find((peer) => peer.id === source);

  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to content
      </a>
      <nav className="rail" aria-label="Sources">
        <div className="brand">
          <Mark />
          <span>Isocenter</span>
        </div>
        <h2>Sources</h2>
        <RailButton
          active={view.kind === "studies" && source === undefined}
          onClick={() => setView({ kind: "studies" })}
        >
          <ArchiveIcon />
          <span className="grow">This archive</span>
          <span className="count">{about.data?.counts.studies}</span>
        </RailButton>
        {peers.data?.map((peer) => (
          <RailButton
            key={peer.id}
            active={source === peer.id}
            onClick={() => setView({ kind: "studies", source: peer.id })}
            title={`${peer.calledAE} at ${peer.host}:${peer.port}`}
          >
            <PeerIcon />
            <span className="grow">
              {peer.name}
              <small>
                {peer.host}:{peer.port}
              </small>
            </span>
            <EchoDot peer={peer} />
          </RailButton>
        ))}
        <RailButton active={view.kind === "connect"} onClick={() => setView({ kind: "connect" })}>
          <PlusIcon />
          Connect to a PACS
        </RailButton>
        <div className="rail-foot">
          <RailButton active={view.kind === "about"} onClick={() => setView({ kind: "about" })}>
            <InfoIcon />
            About
          </RailButton>
          <RailButton onClick={nextTheme}>
            <ThemeIcon />
            Theme: {theme}
          </RailButton>
        </div>
      </nav>
      <main id="main">
        {about.isError && (
          <p className="banner" role="alert">
            The server does not answer.{" "}
            <button type="button" className="link" onClick={() => void about.refetch()}>
              Try again
            </button>
          </p>
        )}
        <ErrorBoundary key={view.kind + (source ?? "")}>
          {view.kind === "studies" && (
            <StudiesView key={source ?? "local"} peer={current} sourceId={source} about={about.data} />
          )}
          {view.kind === "connect" && (
            <ConnectView
              onConnected={() => void peers.refetch()}
              onQuery={(id) => setView({ kind: "studies", source: id })}
            />
          )}
          {view.kind === "about" && <AboutView about={about.data} error={about.error} />}
        </ErrorBoundary>
      </main>
    </div>
  );
}

function RailButton({
  active = false,
  children,
  ...rest
}: {
  readonly active?: boolean;
  readonly children: React.ReactNode;
  readonly onClick: () => void;
  readonly title?: string;
}) {
  return (
    <button type="button" className="rail-button" aria-current={active ? "page" : undefined} {...rest}>
      {children}
    </button>
  );
}

function EchoDot({ peer }: { readonly peer: Peer }) {
  if (peer.lastEcho === undefined) return null;
  return (
    <span className={peer.lastEcho.ok ? "dot ok" : "dot bad"}>
      <span className="visually-hidden">{peer.lastEcho.ok ? "answers" : "did not answer"}</span>
    </span>
  );
}
