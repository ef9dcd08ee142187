/** The query: what is asked of a source. Empty fields match everything. */
import { type FormEvent, useState } from "react";
import type { Criteria } from "../api/types.ts";
import { dicomDateRange, lastDays } from "../format/date-range.ts";

const fields = [
  ["patientName", "Patient name", "LIND*"],
  ["patientID", "Patient ID", ""],
  ["accessionNumber", "Accession number", ""],
  ["studyDescription", "Description", "*head*"],
] as const;
const modalities = ["", "CR", "CT", "DX", "ECG", "MG", "MR", "NM", "OT", "PT", "RF", "SR", "US", "XA"];
const presets = [
  ["Today", 1],
  ["7 days", 7],
  ["30 days", 30],
] as const;

export function QueryForm({
  onSearch,
  busy,
}: {
  readonly onSearch: (criteria: Criteria) => void;
  readonly busy: boolean;
}) {
  const [values, setValues] = useState<Record<string, string>>({});
  const [range, setRange] = useState({ from: "", to: "" });
  const set = (name: string, value: string): void => setValues((before) => ({ ...before, [name]: value }));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const criteria: Record<string, string> = {};
    for (const [name, value] of Object.entries(values))
      if (value.trim() !== "") criteria[name] = value.trim();
    const studyDate = dicomDateRange(range.from, range.to);
    onSearch(studyDate === undefined ? criteria : { ...criteria, studyDate });
  };
  return (
    <form className="query" onSubmit={submit} role="search">
      {fields.map(([name, label, placeholder]) => (
        <label className="field" key={name}>
          <span>{label}</span>
          <input
            value={values[name] ?? ""}
            placeholder={placeholder}
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => set(name, event.target.value)}
          />
        </label>
      ))}
      <label className="field slim">
        <span>Modality</span>
        <select value={values["modality"] ?? ""} onChange={(event) => set("modality", event.target.value)}>
          {modalities.map((modality) => (
            <option key={modality} value={modality}>
              {modality === "" ? "Any" : modality}
            </option>
          ))}
        </select>
      </label>
      <fieldset className="dates">
        <legend>Study date</legend>
        <input
          type="date"
          aria-label="From"
          value={range.from}
          onChange={(event) => setRange({ ...range, from: event.target.value })}
        />
        <span aria-hidden="true">–</span>
        <input
          type="date"
          aria-label="To"
          value={range.to}
          onChange={(event) => setRange({ ...range, to: event.target.value })}
        />
        {presets.map(([label, days]) => (
          <button
            type="button"
            className="chip"
            key={label}
            onClick={() => setRange(lastDays(days, new Date()))}
          >
            {label}
          </button>
        ))}
        <button type="button" className="chip" onClick={() => setRange({ from: "", to: "" })}>
          Any
        </button>
      </fieldset>
      <button type="submit" className="button primary" disabled={busy}>
        {busy ? "Searching …" : "Search"}
      </button>
    </form>
  );
}
