/** The search: what is asked of the sources. Empty fields match everything. */
import { type FormEvent, useId, useState } from "react";
import { lastDays } from "../format/date-range.ts";
import { useText } from "../messages/use-text.ts";
import { type Filters, isEmpty, noFilters } from "./filters.ts";

const modalities = ["CR", "CT", "DX", "ECG", "MG", "MR", "NM", "PT", "RF", "SR", "US", "XA"] as const;
const presets = [1, 7, 30, 365] as const;

export function QueryForm({
  filters,
  isBusy,
  onChange,
  onSearch,
}: {
  readonly filters: Filters;
  readonly isBusy: boolean;
  /** As it is typed. */
  readonly onChange: (filters: Filters) => void;
  readonly onSearch: () => void;
}) {
  const text = useText().studies;
  const id = useId();
  const [isMore, setMore] = useState(
    filters.birthDate + filters.referring + filters.studyId + filters.studyUid !== "",
  );
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onSearch();
  };
  const field = (
    name: "patientName" | "patientId" | "accession" | "description" | "referring" | "studyId" | "studyUid",
  ) => (
    <label className="field">
      <span>{text.fields[name]}</span>
      <input
        value={filters[name]}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => onChange({ ...filters, [name]: event.target.value })}
      />
    </label>
  );
  const toggle = (modality: string): void =>
    onChange({
      ...filters,
      modalities: filters.modalities.includes(modality)
        ? filters.modalities.filter((one) => one !== modality)
        : [...filters.modalities, modality],
    });
  return (
    <form className="query" onSubmit={submit} role="search" aria-label={text.search}>
      <div className="query-fields">
        {field("patientName")}
        {field("patientId")}
        {field("accession")}
        {field("description")}
      </div>
      {isMore && (
        <div className="query-fields" id={id}>
          <label className="field">
            <span>{text.fields.birthDate}</span>
            <input
              type="date"
              value={filters.birthDate}
              onChange={(event) => onChange({ ...filters, birthDate: event.target.value })}
            />
          </label>
          {field("referring")}
          {field("studyId")}
          {field("studyUid")}
        </div>
      )}
      <div className="query-line">
        <fieldset className="chips">
          <legend className="visually-hidden">{text.fields.date}</legend>
          <input
            type="date"
            aria-label={text.from}
            value={filters.from}
            onChange={(event) => onChange({ ...filters, from: event.target.value })}
          />
          <span aria-hidden="true">–</span>
          <input
            type="date"
            aria-label={text.to}
            value={filters.to}
            onChange={(event) => onChange({ ...filters, to: event.target.value })}
          />
          {presets.map((days) => {
            const range = lastDays(days, new Date());
            const isOn = filters.from === range.from && filters.to === range.to;
            return (
              <button
                type="button"
                className="chip"
                key={days}
                aria-pressed={isOn}
                onClick={() => onChange({ ...filters, ...(isOn ? { from: "", to: "" } : range) })}
              >
                {text.lastDays(days)}
              </button>
            );
          })}
        </fieldset>
        <fieldset className="chips">
          <legend className="visually-hidden">{text.fields.modality}</legend>
          {modalities.map((modality) => (
            <button
              type="button"
              className="chip"
              key={modality}
              aria-pressed={filters.modalities.includes(modality)}
              onClick={() => toggle(modality)}
            >
              {modality}
            </button>
          ))}
        </fieldset>
        <span className="grow" />
        <button
          type="button"
          className="link"
          aria-expanded={isMore}
          aria-controls={isMore ? id : undefined}
          onClick={() => setMore(!isMore)}
        >
          {isMore ? text.fewerFilters : text.moreFilters}
        </button>
        {!isEmpty(filters) && (
          <button type="button" className="link" onClick={() => onChange(noFilters)}>
            {text.clear}
          </button>
        )}
        <button type="submit" className="button primary" disabled={isBusy}>
          {isBusy ? text.searching : text.searchButton}
        </button>
      </div>
    </form>
  );
}
