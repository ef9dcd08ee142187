/** Connect to a PACS: the form, and what was negotiated. */
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api } from "../api/client.ts";
import type { PeerAddress } from "../api/types.ts";
import { readStored, writeStored } from "../shell/stored.ts";
import { ProblemPanel } from "../ui/problem-panel.tsx";
import { Negotiated } from "./negotiated.tsx";

const maximumRecent = 5;

export function ConnectView({
  onConnected,
  onQuery,
}: {
  readonly onConnected: () => void;
  readonly onQuery: (connectionId: string) => void;
}) {
  const [recent, setRecent] = useState(() => readStored<readonly PeerAddress[]>("recent-peers", []));
  const last = recent[0];
  const [host, setHost] = useState(last?.host ?? "");
  const [port, setPort] = useState(last === undefined ? "" : String(last.port));
  const [callingAE, setCallingAE] = useState(last?.callingAE ?? "ISOCENTER");
  const [calledAE, setCalledAE] = useState(last?.calledAE ?? "");
  const connect = useMutation({
    mutationFn: api.connect,
    onSuccess: ({ peer }) => {
      const next = [peer, ...recent.filter((one) => !samePeer(one, peer))].slice(0, maximumRecent);
      setRecent(next);
      writeStored("recent-peers", next);
      onConnected();
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    connect.mutate({
      host: host.trim(),
      port: port === "" ? 104 : Number(port),
      callingAE: callingAE.trim(),
      calledAE: calledAE.trim(),
    });
  };
  const use = (peer: PeerAddress): void => {
    setHost(peer.host);
    setPort(String(peer.port));
    setCallingAE(peer.callingAE);
    setCalledAE(peer.calledAE);
  };

  return (
    <section className="page narrow" aria-labelledby="connect-title">
      <h1 id="connect-title">Connect to a PACS</h1>
      <p className="muted">
        Opens a DICOM association and verifies it with C-ECHO. The PACS may have to know our AE title.
      </p>
      <form className="connect-form" onSubmit={submit}>
        <Field label="Host" value={host} onChange={setHost} placeholder="pacs.hospital.example" required />
        <Field
          label="Port"
          value={port}
          onChange={setPort}
          placeholder="104"
          inputMode="numeric"
          pattern="[0-9]{1,5}"
        />
        <AeField label="Calling AE title" value={callingAE} onChange={setCallingAE} />
        <AeField label="Called AE title" value={calledAE} onChange={setCalledAE} />
        <div className="form-end">
          <button type="submit" className="button primary" disabled={connect.isPending}>
            {connect.isPending ? "Connecting …" : "Connect"}
          </button>
        </div>
      </form>
      {recent.length > 0 && (
        <p className="recents">
          <span className="muted">Recent</span>
          {recent.map((peer) => (
            <button type="button" className="chip" key={JSON.stringify(peer)} onClick={() => use(peer)}>
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

interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly placeholder?: string;
  readonly required?: boolean;
  readonly inputMode?: "numeric";
  readonly pattern?: string;
  readonly problem?: string | undefined;
}

function Field({ label, onChange, problem, ...input }: FieldProps) {
  return (
    <label className="field">
      <span>{label}</span>
      <input
        {...input}
        autoComplete="off"
        spellCheck={false}
        aria-invalid={problem !== undefined}
        onChange={(event) => onChange(event.target.value)}
      />
      {problem !== undefined && <small className="field-problem">{problem}</small>}
    </label>
  );
}

function AeField(props: Omit<FieldProps, "problem" | "required">) {
  const tooLong = props.value.trim().length > 16;
  const backslash = props.value.includes("\\");
  const problem = tooLong ? "At most 16 characters." : backslash ? "No backslash." : undefined;
  return <Field {...props} required problem={problem} pattern="[^\\]{1,16}" />;
}
