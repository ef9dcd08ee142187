/** A structured report as people read one: headings, sentences, values. */
import type { DicomJson } from "../../api/types.ts";
import { items, Tag, text as value } from "../../dicom/attributes.ts";
import { date, personName, time } from "../../format/dicom-text.ts";
import { useText } from "../../messages/use-text.ts";

export function ReportPane({ instance }: { readonly instance: DicomJson }) {
  const text = useText().viewer.document;
  const title = conceptOf(instance) ?? value(instance, Tag.SeriesDescription) ?? "";
  const content = items(instance, Tag.ContentSequence);
  const isVerified = value(instance, Tag.VerificationFlag) === "VERIFIED";
  const isPartial = value(instance, Tag.CompletionFlag) === "PARTIAL";
  return (
    <article className="document report" aria-label={title} tabIndex={0}>
      <header>
        <h2>{title}</h2>
        <p className="faint">
          {personName(value(instance, Tag.PatientName)).main} · {value(instance, Tag.PatientID)} ·{" "}
          {date(value(instance, Tag.ContentDate))} {time(value(instance, Tag.ContentTime))}
        </p>
        {value(instance, Tag.CompletionFlag) !== undefined && (
          <p>
            <span className="badge">{isPartial ? text.partial : text.complete}</span>
            <span className={isVerified ? "badge ok" : "badge"}>
              {isVerified ? text.verified : text.unverified}
            </span>
          </p>
        )}
      </header>
      {content.length === 0 ? <p>{text.emptyReport}</p> : <Content list={content} depth={3} />}
    </article>
  );
}

function Content({ list, depth }: { readonly list: readonly DicomJson[]; readonly depth: number }) {
  return list.map((item, index) => {
    const children = items(item, Tag.ContentSequence);
    const concept = conceptOf(item);
    if (value(item, Tag.ValueType) === "CONTAINER") {
      const Heading = depth > 5 ? "h6" : (`h${depth}` as "h3" | "h4" | "h5");
      return (
        <section className="report-section" key={index}>
          {concept !== undefined && <Heading>{concept}</Heading>}
          <Content list={children} depth={depth + 1} />
        </section>
      );
    }
    return (
      <div className="report-item" key={index}>
        {concept !== undefined && <span className="report-concept">{concept}</span>}
        <span className="report-value">{valueOf(item)}</span>
        {children.length > 0 && (
          <div className="report-below">
            <Content list={children} depth={depth + 1} />
          </div>
        )}
      </div>
    );
  });
}

function valueOf(item: DicomJson): string {
  switch (value(item, Tag.ValueType)) {
    case "TEXT":
      return value(item, Tag.TextValue) ?? "";
    case "CODE":
      return meaningOf(items(item, Tag.ConceptCodeSequence)[0]) ?? "";
    case "NUM": {
      const [measured] = items(item, Tag.MeasuredValueSequence);
      const [unit] = items(measured, Tag.MeasurementUnitsCodeSequence);
      const words = value(unit, Tag.CodeValue) === "1" ? "" : (meaningOf(unit) ?? "");
      return `${value(measured, Tag.NumericValue) ?? ""} ${words}`.trim();
    }
    case "PNAME":
      return personName(value(item, Tag.PersonName)).main;
    case "DATE":
      return date(value(item, Tag.Date));
    case "TIME":
      return time(value(item, Tag.Time));
    case "DATETIME": {
      const stamp = value(item, Tag.DateTime) ?? "";
      return `${date(stamp.slice(0, 8))} ${time(stamp.slice(8))}`;
    }
    case "UIDREF":
      return value(item, Tag.UID) ?? "";
    case "SCOORD":
    case "SCOORD3D":
      return (value(item, Tag.GraphicType) ?? "").toLowerCase();
    default: {
      const [reference] = items(item, Tag.ReferencedSOPSequence);
      return value(reference, Tag.ReferencedSOPInstanceUID) ?? "";
    }
  }
}

const conceptOf = (item: DicomJson): string | undefined =>
  meaningOf(items(item, Tag.ConceptNameCodeSequence)[0]);
const meaningOf = (code: DicomJson | undefined): string | undefined =>
  value(code, Tag.CodeMeaning) ?? value(code, Tag.CodeValue);
