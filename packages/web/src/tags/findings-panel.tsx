/** What the validator has to say of the instance. */
import { type Finding, keywordOf, parseTag } from "@isocenter/dicom";
import { useText } from "../messages/use-text.ts";

export function FindingsPanel({
  findings,
  bytes,
  onFind,
}: {
  readonly findings: readonly Finding[];
  readonly bytes: number;
  readonly onFind: (tag: string) => void;
}) {
  const text = useText().tags;
  const errors = findings.filter(({ severity }) => severity === "error").length;
  return (
    <aside className="findings" aria-label={text.validation}>
      <h2>{text.validation}</h2>
      <p className="muted">
        {findings.length === 0 ? text.valid : text.findings(errors, findings.length - errors)} ·{" "}
        {text.bytes(bytes.toLocaleString())}
      </p>
      <ul>
        {findings.map((finding) => {
          const last = finding.path.split("/").findLast((part) => part.length === 8) ?? "";
          const tag = parseTag(last);
          return (
            <li key={finding.path + finding.code + finding.message}>
              <button type="button" onClick={() => onFind(last)}>
                <span className={finding.severity === "error" ? "badge bad" : "badge warn"}>
                  {text.severities[finding.severity]}
                </span>
                <strong>{(tag === undefined ? undefined : keywordOf(tag)) ?? last}</strong>
                <span>{finding.message}</span>
              </button>
            </li>
          );
        })}
      </ul>
    </aside>
  );
}
