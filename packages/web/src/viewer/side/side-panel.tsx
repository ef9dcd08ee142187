/** Measurements and key images of the study: gone to, named, removed, saved. */
import { use } from "react";
import { useText, useWords } from "../../messages/use-text.ts";
import { CloseIcon, TrashIcon } from "../../ui/icons.tsx";
import { ProblemPanel } from "../../ui/problem-panel.tsx";
import { type Measurement, valueText } from "../measure/measurement.ts";
import type { KeyImages } from "../measure/use-key-images.ts";
import type { Measurements } from "../measure/use-measurements.ts";
import { OverlaysContext } from "../overlays/overlays-context.ts";
import type { DisplaySet } from "../model/display-sets.ts";

export function SidePanel({
  measurements,
  keys,
  sets,
  onGo,
  onClose,
}: {
  readonly measurements: Measurements;
  readonly keys: KeyImages;
  readonly sets: readonly DisplaySet[];
  readonly onGo: (setId: string, index: number) => void;
  readonly onClose: () => void;
}) {
  const words = useText();
  const text = words.viewer;
  const overlays = use(OverlaysContext);
  const goTo = ({ uid, frame }: Measurement): void => {
    for (const set of sets) {
      const index = set.frames.findIndex(({ imageId }) => imageId === frame.imageId);
      if (index < 0) continue;
      onGo(set.id, index);
      measurements.select(uid);
      return;
    }
  };
  return (
    <aside className="side-panel" aria-label={text.sidePanel}>
      <header>
        <h2>{text.measurements}</h2>
        <button type="button" className="icon-button" aria-label={words.shell.close} onClick={onClose}>
          <CloseIcon />
        </button>
      </header>
      {measurements.list.length === 0 && <p className="muted">{text.noMeasurements}</p>}
      <ul className="measurements">
        {measurements.list.map((one) => (
          <MeasurementRow
            key={one.uid}
            measurement={one}
            onGo={() => goTo(one)}
            onRename={(label) => measurements.rename(one.uid, label)}
            onRemove={() => measurements.remove(one.uid)}
          />
        ))}
      </ul>
      {measurements.unsaved > 0 && (
        <button
          type="button"
          className="button primary"
          disabled={measurements.isSaving}
          onClick={() => void measurements.save()}
        >
          {measurements.isSaving ? text.saving : text.saveMeasurements(measurements.unsaved)}
        </button>
      )}
      {measurements.list.length > 0 && measurements.unsaved === 0 && (
        <p className="muted" role="status">
          {text.savedMeasurements(measurements.list.length)}
        </p>
      )}
      {measurements.error !== null && <ProblemPanel error={measurements.error} />}

      <h2>{text.keyImages}</h2>
      {keys.list.length === 0 && <p className="muted">{text.noKeys}</p>}
      <ul className="measurements">
        {keys.list.map((one) => (
          <li key={one.frame.sopInstanceUid}>
            <button type="button" className="measurement" onClick={() => onGo(one.setId, one.index)}>
              <span className="grow">
                {sets.find(({ id }) => id === one.setId)?.description || one.frame.modality}
                <small>
                  {text.image(one.index + 1, sets.find(({ id }) => id === one.setId)?.frames.length ?? 0)}
                </small>
              </span>
            </button>
            {!one.isSaved && (
              <button
                type="button"
                className="icon-button"
                aria-label={text.unmarkKey}
                onClick={() => keys.toggle(one.frame)}
              >
                <TrashIcon />
              </button>
            )}
          </li>
        ))}
      </ul>
      {keys.unsaved > 0 && (
        <button
          type="button"
          className="button primary"
          disabled={keys.isSaving}
          onClick={() => void keys.save()}
        >
          {keys.isSaving ? text.saving : text.saveKeys(keys.unsaved)}
        </button>
      )}
      {keys.list.length > 0 && keys.unsaved === 0 && (
        <p className="muted" role="status">
          {text.savedKeys(keys.list.length)}
        </p>
      )}
      {keys.error !== null && <ProblemPanel error={keys.error} />}
      {overlays.all.length > 0 && (
        <>
          <h2>{text.overlays}</h2>
          {overlays.all.map(({ id, label, colour }) => (
            <label className="overlay-choice" key={id}>
              <input
                type="checkbox"
                checked={overlays.shown.some((one) => one.id === id)}
                onChange={() => overlays.toggle(id)}
              />
              <span
                className="swatch"
                style={{ background: `rgb(${colour.join(" ")})` }}
                aria-hidden="true"
              />
              {label}
            </label>
          ))}
        </>
      )}
    </aside>
  );
}

function MeasurementRow({
  measurement,
  onGo,
  onRename,
  onRemove,
}: {
  readonly measurement: Measurement;
  readonly onGo: () => void;
  readonly onRename: (label: string) => void;
  readonly onRemove: () => void;
}) {
  const text = useText().viewer;
  const { language } = useWords();
  const { tool, values, label, reportUid } = measurement;
  const [main, ...others] = values;
  return (
    <li>
      <button type="button" className="measurement" onClick={onGo}>
        <span className="grow">
          {text.tools[tool]}
          {reportUid !== undefined && <small>{text.fromReport}</small>}
        </span>
        {main !== undefined && <strong className="numeric">{valueText(main, language)}</strong>}
      </button>
      <button
        type="button"
        className="icon-button"
        aria-label={`${text.remove}: ${text.tools[tool]}`}
        onClick={onRemove}
      >
        <TrashIcon />
      </button>
      {others.length > 0 && (
        <dl className="measured">
          {others.map((value) => (
            <div key={value.name}>
              <dt>{text.values[value.name]}</dt>
              <dd className="numeric">{valueText(value, language)}</dd>
            </div>
          ))}
        </dl>
      )}
      <input
        className="measure-label"
        aria-label={`${text.label}: ${text.tools[tool]}`}
        placeholder={text.label}
        defaultValue={label}
        maxLength={64}
        onBlur={(event) => {
          const next = event.target.value.trim();
          if (next !== label) onRename(next);
        }}
      />
    </li>
  );
}
