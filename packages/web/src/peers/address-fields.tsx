/** The address of a peer as it is typed: host, port, and the two AE titles. */
import { useText } from "../messages/use-text.ts";
import type { PeerAddress } from "../api/types.ts";

export interface AddressText {
  readonly host: string;
  readonly port: string;
  readonly callingAE: string;
  readonly calledAE: string;
}

export function textOf(address: PeerAddress | undefined): AddressText {
  return {
    host: address?.host ?? "",
    port: address === undefined ? "" : String(address.port),
    callingAE: address?.callingAE ?? "ISOCENTER",
    calledAE: address?.calledAE ?? "",
  };
}

export function addressOf({ host, port, callingAE, calledAE }: AddressText): PeerAddress {
  return {
    host: host.trim(),
    port: port === "" ? 104 : Number(port),
    callingAE: callingAE.trim(),
    calledAE: calledAE.trim(),
  };
}

export function AddressFields({
  value,
  onChange,
}: {
  readonly value: AddressText;
  readonly onChange: (value: AddressText) => void;
}) {
  const text = useText().peers;
  const set = (name: keyof AddressText) => (next: string) => onChange({ ...value, [name]: next });
  return (
    <>
      <Field
        label={text.host}
        value={value.host}
        onChange={set("host")}
        placeholder="pacs.hospital.example"
        required
      />
      <Field
        label={text.port}
        value={value.port}
        onChange={set("port")}
        placeholder="104"
        inputMode="numeric"
        pattern="[0-9]{1,5}"
      />
      <AeField label={text.callingAE} value={value.callingAE} onChange={set("callingAE")} />
      <AeField label={text.calledAE} value={value.calledAE} onChange={set("calledAE")} />
    </>
  );
}

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

export function Field({ label, onChange, problem, ...input }: FieldProps) {
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
  const text = useText().peers;
  const tooLong = props.value.trim().length > 16;
  const backslash = props.value.includes("\\");
  const problem = tooLong ? text.tooLong : backslash ? text.noBackslash : undefined;
  return <Field {...props} required problem={problem} pattern="[^\\]{1,16}" />;
}
