/** Peers: who they are, whether they answer, and what is wrong when they do not. */
import { useState } from "react";
import { api } from "../api/client.ts";
import { useFeatures } from "../api/features.ts";
import type { Peer } from "../api/types.ts";
import { useText } from "../messages/use-text.ts";
import { routeHash } from "../routing/route.ts";
import { ConfirmDialog } from "../ui/confirm-dialog.tsx";
import { DoctorDialog } from "./doctor-dialog.tsx";
import { PeerDialog } from "./peer-dialog.tsx";
import { PeerRow } from "./peer-row.tsx";

export function PeersView({
  peers,
  onChanged,
}: {
  readonly peers: readonly Peer[];
  readonly onChanged: () => void;
}) {
  const text = useText().peers;
  const features = useFeatures();
  const canEdit = features.has("/api/peers");
  const canDoctor = features.has("/api/peers/{}/doctor");
  const [edited, setEdited] = useState<Peer | "new" | undefined>();
  const [removed, setRemoved] = useState<Peer | undefined>();
  const [examined, setExamined] = useState<Peer | undefined>();
  return (
    <section className="page" aria-labelledby="peers-title">
      <header className="page-head">
        <h1 id="peers-title">{text.title}</h1>
        <p className="muted">{text.lead}</p>
        <span className="grow" />
        {canEdit ? (
          <button type="button" className="button primary" onClick={() => setEdited("new")}>
            {text.add}
          </button>
        ) : (
          <a className="button primary" href={routeHash(["connect"])}>
            {text.connectTitle}
          </a>
        )}
      </header>
      {peers.length === 0 && (
        <div className="empty">
          <h2>{text.noneTitle}</h2>
          <p className="muted">{text.noneText}</p>
        </div>
      )}
      {peers.length > 0 && (
        <table className="studies peers" aria-label={text.title}>
          <thead>
            <tr>
              <th scope="col">{text.name}</th>
              <th scope="col">{text.address}</th>
              <th scope="col">{text.aeTitles}</th>
              <th scope="col">{text.lastEcho}</th>
              <th scope="col">{text.actions}</th>
            </tr>
          </thead>
          <tbody>
            {peers.map((peer) => (
              <PeerRow
                key={peer.id}
                peer={peer}
                onEchoed={onChanged}
                onEdit={canEdit ? () => setEdited(peer) : undefined}
                onRemove={canEdit ? () => setRemoved(peer) : undefined}
                onDoctor={canDoctor ? () => setExamined(peer) : undefined}
              />
            ))}
          </tbody>
        </table>
      )}
      {edited !== undefined && (
        <PeerDialog
          peer={edited === "new" ? undefined : edited}
          onClose={() => setEdited(undefined)}
          onSaved={() => {
            setEdited(undefined);
            onChanged();
          }}
        />
      )}
      {removed !== undefined && (
        <ConfirmDialog
          title={text.removeTitle(removed.name)}
          text={text.removeText}
          action={text.remove}
          onClose={() => setRemoved(undefined)}
          onConfirm={async () => {
            await api.removePeer(removed.id);
            setRemoved(undefined);
            onChanged();
          }}
        />
      )}
      {examined !== undefined && <DoctorDialog peer={examined} onClose={() => setExamined(undefined)} />}
    </section>
  );
}
