/** Connect to a PACS: the form, and what was negotiated. */
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api/client.ts";
import type { PeerAddress } from "../api/types.ts";
import { useText } from "../messages/use-text.ts";
import { readStored, writeStored } from "../shell/stored.ts";
import { ProblemPanel } from "../ui/problem-panel.tsx";
import { AddressFields, addressOf, type AddressText, textOf } from "./address-fields.tsx";
import { Negotiated } from "./negotiated.tsx";

const maximumRecent = 5;

export function ConnectView({
  onConnected,
  onQuery,
}: {
  readonly onConnected: () => void;
  readonly onQuery: (connectionId: string) => void;
}) {
  const text = useText().peers;
  const [recent, setRecent] = useState(() => readStored<readonly PeerAddress[]>("recent-peers", []));
  const [address, setAddress] = useState<AddressText>(() => textOf(recent[0]));
  const connect = useMutation({
    mutationFn: api.connect,
    onSuccess: ({ peer }) => {
      const next = [peer, ...recent.filter((one) => !samePeer(one, peer))].slice(0, maximumRecent);
      setRecent(next);
      writeStored("recent-peers", next);
      onConnected();
    },
  });
  return (
    <section className="page narrow" aria-labelledby="connect-title">
      <h1 id="connect-title">{text.connectTitle}</h1>
      <p className="muted">{text.connectText}</p>
      <form
        className="connect-form"
        onSubmit={(event) => {
          event.preventDefault();
          connect.mutate(addressOf(address));
        }}
      >
        <AddressFields value={address} onChange={setAddress} />
        <div className="form-end">
          <button type="submit" className="button primary" disabled={connect.isPending}>
            {connect.isPending ? text.connecting : text.connect}
          </button>
        </div>
      </form>
      {recent.length > 0 && (
        <p className="recents">
          <span className="muted">{text.recent}</span>
          {recent.map((peer) => (
            <button
              type="button"
              className="chip"
              key={JSON.stringify(peer)}
              onClick={() => setAddress(textOf(peer))}
            >
              {peer.calledAE} · {peer.host}:{peer.port}
            </button>
          ))}
        </p>
      )}
      <div aria-live="polite">
        {connect.isError && <ProblemPanel error={connect.error} />}
        {connect.isSuccess && (
          <Negotiated answer={connect.data} onQuery={() => onQuery(connect.data.connectionId)} />
        )}
      </div>
    </section>
  );
}

const samePeer = (a: PeerAddress, b: PeerAddress): boolean =>
  a.host === b.host && a.port === b.port && a.callingAE === b.callingAE && a.calledAE === b.calledAE;
