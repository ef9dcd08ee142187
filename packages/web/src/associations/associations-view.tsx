/** Associations as they happen, and one of them told in full; or a transcript from another machine. */
import { useQuery } from "@tanstack/react-query";
import { type ChangeEvent, useState } from "react";
import { api } from "../api/client.ts";
import type { AssociationRecord } from "../api/types.ts";
import { useText } from "../messages/use-text.ts";
import { routeHash } from "../routing/route.ts";
import { ProblemPanel } from "../ui/problem-panel.tsx";
import { Inspector } from "./inspector.tsx";
import { parseTranscript } from "./story.ts";

const refreshEvery = 2000;

export function AssociationsView({
  id,
  hasServer,
}: {
  readonly id: string | undefined;
  readonly hasServer: boolean;
}) {
  const text = useText().associations;
  const [loaded, setLoaded] = useState<AssociationRecord | undefined>();
  const [isBroken, setBroken] = useState(false);
  const list = useQuery({
    queryKey: ["associations"],
    queryFn: ({ signal }) => api.associations(signal),
    enabled: hasServer,
    refetchInterval: refreshEvery,
  });
  const one = useQuery({
    queryKey: ["association", id],
    queryFn: ({ signal }) => api.association(id ?? "", signal),
    enabled: hasServer && id !== undefined,
    refetchInterval: ({ state }) => (state.data?.endedAt === undefined ? refreshEvery : false),
  });
  const onFile = async (event: ChangeEvent<HTMLInputElement>): Promise<void> => {
    const [file] = event.target.files ?? [];
    if (file === undefined) return;
    const record = parseTranscript(await file.text());
    setLoaded(record);
    setBroken(record === undefined);
  };
  const shown =
    loaded ?? one.data ?? list.data?.find((record) => record.id === id && record.events !== undefined);
  return (
    <section className="page" aria-labelledby="associations-title">
      <header className="page-head">
        <h1 id="associations-title">{text.title}</h1>
        <p className="muted">{text.lead}</p>
        <span className="grow" />
        <label className="button file-button">
          {text.load}
          <input type="file" accept="application/json,.json" onChange={(event) => void onFile(event)} />
        </label>
      </header>
      {isBroken && (
        <p className="banner" role="alert">
          {text.broken}
        </p>
      )}
      {!hasServer && loaded === undefined && (
        <div className="empty">
          <p className="muted">{text.noServer}</p>
        </div>
      )}
      {list.isError && <ProblemPanel error={list.error} onRetry={() => void list.refetch()} />}
      <div className={hasServer ? "inspector-columns" : ""}>
        {hasServer && (
          <nav className="association-list" aria-label={text.title}>
            {list.data?.length === 0 && <p className="muted">{text.none}</p>}
            {list.data?.map((record) => (
              <a
                key={record.id}
                href={routeHash(["associations", record.id])}
                aria-current={record.id === id ? "page" : undefined}
                onClick={() => setLoaded(undefined)}
              >
                <strong>
                  {record.callingAE} → {record.calledAE}
                </strong>
                <small>
                  {record.role === "requestor" ? text.outgoing : text.incoming} · {record.remote}
                  {record.startedAt !== undefined && ` · ${new Date(record.startedAt).toLocaleTimeString()}`}
                </small>
              </a>
            ))}
          </nav>
        )}
        {shown === undefined ? (
          hasServer && <p className="muted">{text.choose}</p>
        ) : (
          <Inspector key={shown.id} record={shown} />
        )}
      </div>
    </section>
  );
}
