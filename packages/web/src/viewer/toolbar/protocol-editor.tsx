/** The reader's own hanging protocols, as JSON: checked while it is written. */
import { useState } from "react";
import { useText } from "../../messages/use-text.ts";
import { readStored, writeStored } from "../../shell/stored.ts";
import { Dialog } from "../../ui/dialog.tsx";
import { type HangingProtocol, parseProtocols } from "../state/hanging-protocol.ts";
import { protocolsKey } from "../state/use-hanging.ts";

const example: readonly HangingProtocol[] = [
  {
    name: "CT head, two planes",
    study: { modality: ["CT"], description: "head|brain" },
    layout: [1, 2],
    panes: [{ plane: "axial" }, { description: "bone" }],
  },
];

export function ProtocolEditor({ onClose }: { readonly onClose: () => void }) {
  const words = useText();
  const text = words.viewer;
  const [json, setJson] = useState(() => {
    const stored = readStored<readonly HangingProtocol[]>(protocolsKey, []);
    return JSON.stringify(stored.length === 0 ? example : stored, undefined, 2);
  });
  const parsed = json.trim() === "" ? [] : parseProtocols(json);
  return (
    <Dialog title={text.editProtocols} onClose={onClose} className="wide">
      <p className="muted">{text.protocolsHelp}</p>
      <textarea
        className="code"
        aria-label={text.editProtocols}
        aria-invalid={typeof parsed === "string"}
        spellCheck={false}
        rows={18}
        value={json}
        onChange={(event) => setJson(event.target.value)}
      />
      <p className="field-problem" role="status">
        {typeof parsed === "string" ? parsed : ""}
      </p>
      <div className="dialog-end">
        <button type="button" className="button" onClick={onClose}>
          {words.shell.cancel}
        </button>
        <button
          type="button"
          className="button primary"
          disabled={typeof parsed === "string"}
          onClick={() => {
            writeStored(protocolsKey, parsed);
            onClose();
          }}
        >
          {text.saveProtocols}
        </button>
      </div>
    </Dialog>
  );
}
