/** DICOM JSON as a table of tags. */
import type { DicomJson, DicomJsonElement } from "../api/types.ts";

export function TagTable({ dicom }: { readonly dicom: DicomJson }) {
  return (
    <table className="tags" aria-label="Attributes">
      <tbody>
        {Object.entries(dicom).map(([tag, element]) => (
          <tr key={tag}>
            <th scope="row">
              ({tag.slice(0, 4)},{tag.slice(4)})
            </th>
            <td className="muted">{element.vr}</td>
            <td>{valueText(element)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function valueText({ vr, Value = [], InlineBinary }: DicomJsonElement): string {
  if (vr === "SQ") return `${Value.length} item${Value.length === 1 ? "" : "s"}`;
  if (InlineBinary !== undefined) return "binary";
  return Value.map((value) =>
    typeof value === "object" && value !== null ? Object.values(value).join(" = ") : String(value ?? ""),
  ).join(" \\ ");
}
