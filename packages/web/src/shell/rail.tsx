/** Where to go: sources of studies, and the other views. */
import type { ReactNode } from "react";
import type { About, Peer } from "../api/types.ts";
import { languages, useText, useWords } from "../messages/use-text.ts";
import { routeHash } from "../routing/route.ts";
import { allSources } from "../studies/studies-view.tsx";
import {
  ArchiveIcon,
  InfoIcon,
  KeyboardIcon,
  ListIcon,
  Mark,
  PeerIcon,
  PlusIcon,
  ScrollIcon,
  ThemeIcon,
  WaveIcon,
} from "../ui/icons.tsx";
import { type Theme, themes } from "./use-theme.ts";

export function Rail({
  view,
  source,
  peers,
  about,
  hasAssociations,
  theme,
  onTheme,
  onShortcuts,
}: {
  readonly view: string;
  readonly source: string;
  readonly peers: readonly Peer[];
  readonly about: About | undefined;
  readonly hasAssociations: boolean;
  readonly theme: Theme;
  readonly onTheme: (theme: Theme) => void;
  readonly onShortcuts: () => void;
}) {
  const text = useText().shell;
  const { language, setLanguage } = useWords();
  const isStudies = view === "studies";
  return (
    <nav className="rail" aria-label={text.navigation}>
      <a className="brand" href={routeHash(["studies"])} aria-label="Isocenter">
        <Mark />
        <span>Isocenter</span>
      </a>
      <h2>{text.sources}</h2>
      <RailLink path={["studies"]} isActive={isStudies && source === ""}>
        <ArchiveIcon />
        <span className="grow">{text.thisArchive}</span>
        <span className="count">{about?.counts.studies}</span>
      </RailLink>
      {peers.map((peer) => (
        <RailLink
          key={peer.id}
          path={["studies"]}
          query={{ source: peer.id }}
          isActive={isStudies && source === peer.id}
          title={`${peer.calledAE} · ${peer.host}:${peer.port}`}
        >
          <PeerIcon />
          <span className="grow">
            {peer.name}
            <small>
              {peer.host}:{peer.port}
            </small>
          </span>
          <EchoDot peer={peer} />
        </RailLink>
      ))}
      {peers.length > 0 && (
        <RailLink
          path={["studies"]}
          query={{ source: allSources }}
          isActive={isStudies && source === allSources}
        >
          <ScrollIcon />
          {text.allSources}
        </RailLink>
      )}
      <RailLink path={["connect"]} isActive={view === "connect"}>
        <PlusIcon />
        {text.connect}
      </RailLink>
      <h2>{text.network}</h2>
      <RailLink path={["peers"]} isActive={view === "peers"}>
        <ListIcon />
        {text.peers}
      </RailLink>
      {hasAssociations && (
        <RailLink path={["associations"]} isActive={view === "associations"}>
          <WaveIcon />
          {text.associations}
        </RailLink>
      )}
      <div className="rail-foot">
        <RailLink path={["about"]} isActive={view === "about"}>
          <InfoIcon />
          {text.about}
        </RailLink>
        <button type="button" className="rail-button" onClick={onShortcuts}>
          <KeyboardIcon />
          <span className="grow">{text.shortcuts}</span>
          <kbd>?</kbd>
        </button>
        <label className="rail-select">
          <ThemeIcon />
          <span className="visually-hidden">{text.theme}</span>
          <select
            value={theme}
            onChange={(event) => onTheme(themes.find((one) => one === event.target.value) ?? "dark")}
          >
            {themes.map((one) => (
              <option key={one} value={one}>
                {text.themes[one]}
              </option>
            ))}
          </select>
        </label>
        <label className="rail-select">
          <span className="language-mark" aria-hidden="true">
            A
          </span>
          <span className="visually-hidden">{text.language}</span>
          <select
            value={language}
            onChange={(event) => setLanguage(languages.find((one) => one === event.target.value) ?? "en")}
          >
            <option value="en">English</option>
            <option value="de">Deutsch</option>
          </select>
        </label>
        <p className="disclaimer">{text.disclaimer}</p>
      </div>
    </nav>
  );
}

function RailLink({
  path,
  query = {},
  isActive,
  title,
  children,
}: {
  readonly path: readonly string[];
  readonly query?: Readonly<Record<string, string>>;
  readonly isActive: boolean;
  readonly title?: string;
  readonly children: ReactNode;
}) {
  return (
    <a
      className="rail-button"
      href={routeHash(path, query)}
      aria-current={isActive ? "page" : undefined}
      title={title}
    >
      {children}
    </a>
  );
}

function EchoDot({ peer }: { readonly peer: Peer }) {
  const text = useText().shell;
  if (peer.lastEcho === undefined) return null;
  return (
    <span className={peer.lastEcho.ok ? "dot ok" : "dot bad"}>
      <span className="visually-hidden">{peer.lastEcho.ok ? text.answers : text.silent}</span>
    </span>
  );
}
