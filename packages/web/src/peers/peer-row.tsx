/** One peer of the list. */
import { useMutation } from "@tanstack/react-query";
import { api } from "../api/client.ts";
import type { Peer } from "../api/types.ts";
import { useText } from "../messages/use-text.ts";
import { routeHash } from "../routing/route.ts";
import { ProblemPanel } from "../ui/problem-panel.tsx";

export function PeerRow({
  peer,
  onEchoed,
  onEdit,
  onRemove,
  onDoctor,
}: {
  readonly peer: Peer;
  readonly onEchoed: () => void;
  readonly onEdit: (() => void) | undefined;
  readonly onRemove: (() => void) | undefined;
  readonly onDoctor: (() => void) | undefined;
}) {
  const text = useText().peers;
  const echo = useMutation({ mutationFn: () => api.echo(peer.id), onSettled: onEchoed });
  const { lastEcho } = peer;
  return (
    <>
      <tr>
        <td>
          <strong>{peer.name}</strong>
          <small>{text.kinds[peer.kind] ?? peer.kind}</small>
        </td>
        <td className="numeric">
          {peer.host}:{peer.port}
        </td>
        <td>
          {peer.calledAE}
          <small>{text.asTitle(peer.callingAE)}</small>
        </td>
        <td>
          {lastEcho === undefined ? (
            <span className="muted">{text.never}</span>
          ) : (
            <>
              <span className={lastEcho.ok ? "badge ok" : "badge bad"}>
                {lastEcho.ok ? text.answered : text.noAnswer}
              </span>
              {lastEcho.roundTripMs !== undefined && (
                <span className="numeric"> {lastEcho.roundTripMs} ms</span>
              )}
              <small>{new Date(lastEcho.at).toLocaleString()}</small>
            </>
          )}
        </td>
        <td>
          <div className="row-actions">
            <button
              type="button"
              className="button small"
              disabled={echo.isPending}
              onClick={() => echo.mutate()}
            >
              {echo.isPending ? text.echoing : "C-ECHO"}
            </button>
            {onDoctor !== undefined && (
              <button type="button" className="button small" onClick={onDoctor}>
                {text.doctor}
              </button>
            )}
            <a className="button small" href={routeHash(["studies"], { source: peer.id })}>
              {text.studies}
            </a>
            {onEdit !== undefined && (
              <button type="button" className="button small" onClick={onEdit}>
                {text.edit}
              </button>
            )}
            {onRemove !== undefined && (
              <button type="button" className="button small danger" onClick={onRemove}>
                {text.remove}
              </button>
            )}
          </div>
        </td>
      </tr>
      {echo.isError && (
        <tr>
          <td colSpan={5}>
            <ProblemPanel error={echo.error} />
          </td>
        </tr>
      )}
    </>
  );
}
