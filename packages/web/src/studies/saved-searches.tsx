/** Searches that are made again and again, kept in this browser under a name. */
import { type FormEvent, useState } from "react";
import { useText } from "../messages/use-text.ts";
import { readStored, writeStored } from "../shell/stored.ts";
import { Dialog } from "../ui/dialog.tsx";
import { CloseIcon } from "../ui/icons.tsx";
import { type Filters, isEmpty, noFilters } from "./filters.ts";

interface SavedSearch {
  readonly name: string;
  readonly filters: Partial<Filters>;
}

const key = "saved-searches";

export function SavedSearches({
  filters,
  onUse,
}: {
  readonly filters: Filters;
  readonly onUse: (filters: Filters) => void;
}) {
  const words = useText();
  const text = words.studies;
  const [saved, setSaved] = useState(() => readStored<readonly SavedSearch[]>(key, []));
  const [isNaming, setNaming] = useState(false);
  const [name, setName] = useState("");
  const keep = (next: readonly SavedSearch[]): void => {
    setSaved(next);
    writeStored(key, next);
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const given = name.trim();
    if (given === "") return;
    keep([...saved.filter((one) => one.name !== given), { name: given, filters }]);
    setNaming(false);
    setName("");
  };
  if (saved.length === 0 && isEmpty(filters)) return null;
  return (
    <div className="saved-searches">
      {saved.length > 0 && <span className="muted">{text.saved}</span>}
      {saved.map((one) => (
        <span className="chip-pair" key={one.name}>
          <button type="button" className="chip" onClick={() => onUse({ ...noFilters, ...one.filters })}>
            {one.name}
          </button>
          <button
            type="button"
            className="icon-button"
            aria-label={`${text.forget}: ${one.name}`}
            onClick={() => keep(saved.filter((other) => other !== one))}
          >
            <CloseIcon />
          </button>
        </span>
      ))}
      {!isEmpty(filters) && (
        <button type="button" className="link" onClick={() => setNaming(true)}>
          {text.saveSearch}
        </button>
      )}
      {isNaming && (
        <Dialog title={text.saveSearch} onClose={() => setNaming(false)}>
          <form className="ask-text" onSubmit={submit}>
            <input
              data-first
              aria-label={text.searchName}
              placeholder={text.searchName}
              value={name}
              maxLength={40}
              onChange={(event) => setName(event.target.value)}
            />
            <button type="submit" className="button primary">
              {words.shell.save}
            </button>
          </form>
          <p className="muted">{text.savedWhere}</p>
        </Dialog>
      )}
    </div>
  );
}
