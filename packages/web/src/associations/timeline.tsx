/** Everything that happened, in order: ours on the left, theirs on the right. */
import type { TimelineEvent } from "../api/types.ts";
import { useText } from "../messages/use-text.ts";

export function Timeline({
  events,
  withStates,
}: {
  readonly events: readonly TimelineEvent[];
  readonly withStates: boolean;
}) {
  const text = useText().associations;
  const begin = events[0]?.at ?? 0;
  const shown = withStates ? events : events.filter(({ kind }) => kind !== "transition");
  return (
    <ol className="timeline">
      {shown.map((event, index) => (
        <li key={index} data-kind={event.kind} data-direction={event.direction}>
          <time className="numeric">{(event.at - begin).toFixed(1)}</time>
          <span className="arrow" aria-hidden="true">
            {event.direction === "sent" ? "→" : event.direction === "received" ? "←" : "·"}
          </span>
          <span>
            <strong>{titleOf(event, text.kinds)}</strong> <span className="muted">{detailOf(event)}</span>
          </span>
        </li>
      ))}
    </ol>
  );
}

function titleOf(event: TimelineEvent, kinds: Readonly<Record<string, string>>): string {
  const { pdu, command } = event as {
    readonly pdu?: { kind?: string };
    readonly command?: { kind?: string };
  };
  return pdu?.kind ?? command?.kind ?? kinds[event.kind] ?? event.kind;
}

function detailOf(event: TimelineEvent): string {
  const one = event as unknown as Readonly<Record<string, string | number | undefined>>;
  const { pdu, description, error } = event as {
    readonly pdu?: Readonly<Record<string, unknown>>;
    readonly description?: { readonly remote?: string };
    readonly error?: { readonly message?: string };
  };
  switch (event.kind) {
    case "transition":
      return `${one["from"]} ${one["event"]} ${one["action"] ?? "–"} → ${one["to"]}`;
    case "data-set":
      return `${Number(one["bytes"]).toLocaleString()} B, ${one["fragments"]} PDV`;
    case "timeout":
      return `${one["timer"]}, ${Number(one["ms"]) / 1000} s`;
    case "ended":
      return error?.message ?? "";
    case "connected":
      return description?.remote ?? "";
    case "pdu":
      return ["result", "source", "reason"]
        .flatMap((key) => {
          const value = pdu?.[key];
          return typeof value === "string" || typeof value === "number" ? [String(value)] : [];
        })
        .join(", ");
    default:
      return "";
  }
}
