/** One association: how it ended and why, what was negotiated, its messages, and everything in order. */
import { useMemo, useState } from "react";
import type { AssociationRecord } from "../api/types.ts";
import { useText } from "../messages/use-text.ts";
import { WarningIcon } from "../ui/icons.tsx";
import { nameOf, redacted, storyOf } from "./story.ts";
import { Timeline } from "./timeline.tsx";

export function Inspector({ record }: { readonly record: AssociationRecord }) {
  const text = useText().associations;
  const story = useMemo(() => storyOf(record), [record]);
  const [withStates, setWithStates] = useState(false);
  const save = (): void => {
    const blob = new Blob([JSON.stringify(redacted(record), undefined, 2)], { type: "application/json" });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `association-${record.id}.json`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  const isGood = story.outcome === "released" || story.outcome === "running";
  return (
    <article className="inspector">
      <header>
        <h2>
          {story.calling} → {story.called}
        </h2>
        <span className={isGood ? "badge ok" : "badge bad"}>{text.outcomes[story.outcome]}</span>
        <span className="muted numeric">{milliseconds(story.duration)}</span>
        <span className="grow" />
        <button type="button" className="button small" title={text.saveHint} onClick={save}>
          {text.save}
        </button>
      </header>
      {story.hint !== undefined && (
        <div className="problem">
          <WarningIcon />
          <div>
            <h3>{text.failureTitle}</h3>
            {story.failure !== undefined && <p>{story.failure}</p>}
            <p className="hint">{text.hints[story.hint]}</p>
          </div>
        </div>
      )}
      <h3>{text.contexts}</h3>
      {story.contexts.length === 0 ? (
        <p className="muted">{text.noContexts}</p>
      ) : (
        <table aria-label={text.contexts}>
          <thead>
            <tr>
              <th scope="col">{text.contextId}</th>
              <th scope="col">{text.abstractSyntax}</th>
              <th scope="col">{text.proposed}</th>
              <th scope="col">{text.result}</th>
              <th scope="col">{text.accepted}</th>
            </tr>
          </thead>
          <tbody>
            {story.contexts.map((context) => (
              <tr key={context.id}>
                <td className="numeric">{context.id}</td>
                <td title={context.abstractSyntax}>{nameOf(context.abstractSyntax)}</td>
                <td>{context.proposed.map(nameOf).join(", ")}</td>
                <td>
                  {context.result !== undefined && (
                    <span className={context.accepted === undefined ? "badge bad" : "badge ok"}>
                      {context.result}
                    </span>
                  )}
                </td>
                <td>{context.accepted === undefined ? "—" : nameOf(context.accepted)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <h3>{text.messages}</h3>
      {story.messages.length === 0 ? (
        <p className="muted">{text.noMessages}</p>
      ) : (
        <table aria-label={text.messages}>
          <thead>
            <tr>
              <th scope="col">{text.time}</th>
              <th scope="col">{text.message}</th>
              <th scope="col">{text.detail}</th>
              <th scope="col">{text.status}</th>
              <th scope="col">{text.took}</th>
              <th scope="col">{text.data}</th>
            </tr>
          </thead>
          <tbody>
            {story.messages.map((message, index) => (
              <tr key={index}>
                <td className="numeric">{milliseconds(message.at - (record.events?.[0]?.at ?? 0))}</td>
                <td>
                  {message.direction === "sent" ? "→" : "←"} {message.kind}
                  {message.messageId !== undefined && (
                    <small className="numeric"> #{message.messageId}</small>
                  )}
                </td>
                <td>{message.about}</td>
                <td className="numeric">{message.status}</td>
                <td className="numeric">{message.took === undefined ? "" : milliseconds(message.took)}</td>
                <td className="numeric">
                  {message.bytes === undefined ? "" : text.bytes(message.bytes.toLocaleString())}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <h3>{text.timeline}</h3>
      <label className="overlay-choice">
        <input
          type="checkbox"
          checked={withStates}
          onChange={(event) => setWithStates(event.target.checked)}
        />
        {text.showTransitions}
      </label>
      <Timeline events={record.events ?? []} withStates={withStates} />
    </article>
  );
}

export function milliseconds(value: number): string {
  return value >= 1000 ? `${(value / 1000).toFixed(2)} s` : `${value.toFixed(1)} ms`;
}
