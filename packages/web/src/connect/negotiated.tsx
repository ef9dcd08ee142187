/** What the peer answered: who it is, and what it accepts. */
import type { ConnectAnswer } from "../api/types.ts";
import { CheckIcon } from "../ui/icons.tsx";

export function Negotiated({
  answer,
  onQuery,
}: {
  readonly answer: ConnectAnswer;
  readonly onQuery: () => void;
}) {
  const { peer, negotiated, roundTripMs } = answer;
  return (
    <section className="negotiated" aria-labelledby="negotiated-title">
      <header>
        <span className="badge ok">
          <CheckIcon /> Connected
        </span>
        <h2 id="negotiated-title">
          {peer.calledAE} at {peer.host}:{peer.port}
        </h2>
        <button type="button" className="button primary" onClick={onQuery}>
          Query this PACS
        </button>
      </header>
      <dl className="facts">
        <dt>C-ECHO</dt>
        <dd>{roundTripMs} ms</dd>
        <dt>Implementation</dt>
        <dd>
          {negotiated.implementationVersionName ?? "unnamed"}{" "}
          <small className="muted">{negotiated.implementationClassUid}</small>
        </dd>
        <dt>Maximum PDU</dt>
        <dd>
          {negotiated.maximumPduLength === 0
            ? "no limit"
            : `${negotiated.maximumPduLength.toLocaleString("en")} bytes`}
        </dd>
      </dl>
      <table aria-label="Presentation contexts">
        <thead>
          <tr>
            <th scope="col">Service</th>
            <th scope="col">Answer</th>
            <th scope="col">Transfer syntax</th>
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
