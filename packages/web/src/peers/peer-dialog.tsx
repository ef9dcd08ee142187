/** Adds or changes a peer. */
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api/client.ts";
import type { Peer } from "../api/types.ts";
import { useText } from "../messages/use-text.ts";
import { Dialog } from "../ui/dialog.tsx";
import { ProblemPanel } from "../ui/problem-panel.tsx";
import { AddressFields, addressOf, type AddressText, Field, textOf } from "./address-fields.tsx";

export function PeerDialog({
  peer,
  onClose,
  onSaved,
}: {
  readonly peer: Peer | undefined;
  readonly onClose: () => void;
  readonly onSaved: () => void;
}) {
  const words = useText();
  const text = words.peers;
  const [name, setName] = useState(peer?.name ?? "");
  const [address, setAddress] = useState<AddressText>(() => textOf(peer));
  const save = useMutation({
    mutationFn: async () => {
      const body = { ...addressOf(address), name: name.trim() || address.calledAE.trim() };
      return peer === undefined ? api.addPeer(body) : api.changePeer(peer.id, body);
    },
    onSuccess: onSaved,
  });
  return (
    <Dialog
      title={peer === undefined ? text.add : text.editTitle(peer.name)}
      onClose={onClose}
      className="wide"
    >
      <form
        className="connect-form bare"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <Field label={text.name} value={name} onChange={setName} />
        <span />
        <AddressFields value={address} onChange={setAddress} />
        {save.isError && <ProblemPanel error={save.error} />}
        <div className="form-end">
          <button type="button" className="button" onClick={onClose}>
            {words.shell.cancel}
          </button>
          <button type="submit" className="button primary" disabled={save.isPending}>
            {words.shell.save}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
