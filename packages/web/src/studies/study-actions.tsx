/** What is done to studies: downloaded, retrieved, sent, deleted. For one in the detail, for many in the bar below the list. */
import { useState } from "react";
import { dicomweb } from "../api/dicomweb.ts";
import { useFeatures } from "../api/features.ts";
import { type Progress, retrieveStudy, sendStudy, transferPaths } from "../api/transfers.ts";
import type { Peer } from "../api/types.ts";
import type { Study } from "../format/study.ts";
import { useText } from "../messages/use-text.ts";
import { ConfirmDialog } from "../ui/confirm-dialog.tsx";
import { DownloadIcon, SendIcon, TrashIcon, UploadIcon } from "../ui/icons.tsx";
import { Menu } from "../ui/menu.tsx";
import { TransferDialog } from "./transfer-dialog.tsx";

type Job = {
  readonly title: string;
  readonly run: (study: Study, signal: AbortSignal) => AsyncIterable<Progress>;
};

export function StudyActions({
  studies,
  peers,
  onDeleted,
}: {
  readonly studies: readonly Study[];
  readonly peers: readonly Peer[];
  readonly onDeleted: () => void;
}) {
  const text = useText().studies;
  const features = useFeatures();
  const [isDeleting, setDeleting] = useState(false);
  const [job, setJob] = useState<Job | undefined>();
  const local = studies.filter(({ source }) => source === undefined);
  const remote = studies.filter(({ source }) => source !== undefined);
  const canSend = features.has(transferPaths.store) && local.length > 0 && peers.length > 0;
  const canRetrieve = features.has(transferPaths.get) && remote.length > 0;
  return (
    <div className="study-actions">
      {studies.length === 1 && studies[0] !== undefined ? (
        <a
          className="button small"
          href={dicomweb.zipPath({ source: studies[0].source, study: studies[0].uid })}
          download="study.zip"
        >
          <DownloadIcon /> {text.download}
        </a>
      ) : (
        <button type="button" className="button small" onClick={() => void downloadAll(studies)}>
          <DownloadIcon /> {text.download}
        </button>
      )}
      {canRetrieve && (
        <button
          type="button"
          className="button small"
          onClick={() =>
            setJob({
              title: text.retrieve,
              run: (study, signal) => retrieveStudy(study.source ?? "", study.uid, signal),
            })
          }
        >
          <UploadIcon /> {text.retrieve}
        </button>
      )}
      {canSend && (
        <Menu
          label={text.send}
          className="button small"
          button={
            <>
              <SendIcon /> {text.send}
            </>
          }
        >
          {(close) =>
            peers.map((peer) => (
              <button
                type="button"
                key={peer.id}
                className="menu-item"
                onClick={() => {
                  setJob({
                    title: text.sendTo(peer.name),
                    run: (study, signal) => sendStudy(peer.id, study.uid, signal),
                  });
                  close();
                }}
              >
                {peer.name}
              </button>
            ))
          }
        </Menu>
      )}
      {local.length > 0 && (
        <button type="button" className="button small danger" onClick={() => setDeleting(true)}>
          <TrashIcon /> {text.delete}
        </button>
      )}
      {isDeleting && (
        <ConfirmDialog
          title={text.deleteTitle(local.length)}
          text={text.deleteText(
            local.length,
            local.reduce((sum, { images }) => sum + (images ?? 0), 0),
          )}
          action={text.delete}
          onClose={() => setDeleting(false)}
          onConfirm={async () => {
            for (const { uid } of local) await dicomweb.remove({ source: undefined, study: uid });
            setDeleting(false);
            onDeleted();
          }}
        />
      )}
      {job !== undefined && (
        <TransferDialog
          title={job.title}
          studies={job.title === text.retrieve ? remote : local}
          run={job.run}
          onClose={() => setJob(undefined)}
        />
      )}
    </div>
  );
}

/** One after another: a browser that is asked for several downloads at once drops all but the first. */
async function downloadAll(studies: readonly Study[]): Promise<void> {
  for (const [index, { source, uid }] of studies.entries()) {
    const link = document.createElement("a");
    link.href = dicomweb.zipPath({ source, study: uid });
    link.download = `study-${index + 1}.zip`;
    link.click();
    await new Promise((resolve) => setTimeout(resolve, 400));
  }
}
