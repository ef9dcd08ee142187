/** The bytes of a value. */
import { useText } from "../messages/use-text.ts";
import { Dialog } from "../ui/dialog.tsx";
import { hexLines, type TagRow } from "./tree.ts";

const limit = 4096;

export function HexPeek({ row, onClose }: { readonly row: TagRow; readonly onClose: () => void }) {
  const text = useText().tags;
  const { element } = row;
  const first = element?.fragments?.fragments[0];
  const bytes = element?.raw ?? first?.bytes ?? new Uint8Array(0);
  const total = row.length ?? bytes.byteLength;
  return (
    <Dialog title={`${row.tag} ${row.name}`} onClose={onClose} className="wide">
      <pre className="hex" tabIndex={0} aria-label={text.hex}>
        {hexLines(bytes, limit).join("\n")}
      </pre>
      {bytes.byteLength > limit && <p className="muted">{text.hexCut(limit, total.toLocaleString())}</p>}
    </Dialog>
  );
}
