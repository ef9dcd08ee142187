/** What the peer answered: who it is, and what it accepts. */
import type { ConnectAnswer } from "../api/types.ts";
import { useText } from "../messages/use-text.ts";
import { CheckIcon } from "../ui/icons.tsx";

export function Negotiated({
  answer,
  onQuery,
}: {
  readonly answer: ConnectAnswer;
  readonly onQuery: () => void;
}) {
  const text = useText().peers;
  const { peer, negotiated, roundTripMs } = answer;
  return (
    <section className="negotiated" aria-labelledby="negotiated-title">
      <header>
        <span className="badge ok">
          <CheckIcon /> {text.connected}
        </span>
        <h2 id="negotiated-title">
          {peer.calledAE} · {peer.host}:{peer.port}
        </h2>
        <button type="button" className="button primary" onClick={onQuery}>
          {text.query}
        </button>
      </header>
      <dl className="facts">
        <dt>C-ECHO</dt>
        <dd>{roundTripMs} ms</dd>
        <dt>{text.implementation}</dt>
        <dd>
          {negotiated.implementationVersionName ?? text.unnamed}{" "}
          <small className="muted">{negotiated.implementationClassUid}</small>
        </dd>
        <dt>{text.maximumPdu}</dt>
        <dd>
          {negotiated.maximumPduLength === 0
            ? text.noLimit
            : text.bytes(negotiated.maximumPduLength.toLocaleString())}
        </dd>
      </dl>
      <table aria-label={text.contexts}>
        <thead>
          <tr>
            <th scope="col">{text.service}</th>
            <th scope="col">{text.answer}</th>
            <th scope="col">{text.transferSyntax}</th>
          </tr>
        </thead>
        <tbody>
          {negotiated.contexts.map((context) => (
            <tr key={context.abstractSyntax}>
              <td>{context.abstractSyntaxName}</td>
              <td>
                <span className={context.result === "accepted" ? "badge ok" : "badge bad"}>
                  {context.result}
                </span>
              </td>
              <td>{context.transferSyntaxName ?? "—"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
