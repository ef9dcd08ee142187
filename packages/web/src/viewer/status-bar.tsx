/** What the viewer costs, and what it is not for. */
import { eventTarget, Enums } from "@cornerstonejs/core";
import { useEffect, useState } from "react";
import { useText } from "../messages/use-text.ts";
import { memoryInUse, readBudget, writeBudget } from "./engine/memory.ts";
import type { DisplaySet } from "./model/display-sets.ts";

const megabyte = 1024 * 1024;
const choices = [256, 512, 1024, 2048, 4096] as const;

export function StatusBar({ set }: { readonly set: DisplaySet | undefined }) {
  const words = useText();
  const text = words.viewer;
  const [used, setUsed] = useState(0);
  const [budget, setBudget] = useState(readBudget);
  useEffect(() => {
    const update = (): void => setUsed(memoryInUse());
    const timer = setInterval(update, 500);
    eventTarget.addEventListener(Enums.Events.IMAGE_CACHE_IMAGE_REMOVED, update);
    return () => {
      clearInterval(timer);
      eventTarget.removeEventListener(Enums.Events.IMAGE_CACHE_IMAGE_REMOVED, update);
    };
  }, []);
  const bytes =
    set === undefined ? 0 : set.frames.reduce((sum, { rows, columns }) => sum + rows * columns * 2, 0);
  const share = Math.min(1, used / budget);
  return (
    <footer className="status-bar">
      <label className="memory">
        <span className="numeric">{text.memory(sizeText(used), sizeText(budget))}</span>
        <span className="meter" aria-hidden="true">
          <span style={{ width: `${share * 100}%` }} />
        </span>
        <select
          aria-label={text.memoryBudget}
          value={Math.round(budget / megabyte)}
          onChange={(event) => {
            const next = Number(event.target.value) * megabyte;
            writeBudget(next);
            setBudget(next);
          }}
        >
          {[...new Set([...choices, Math.round(budget / megabyte)])]
            .toSorted((a, b) => a - b)
            .map((choice) => (
              <option key={choice} value={choice}>
                {sizeText(choice * megabyte)}
              </option>
            ))}
        </select>
      </label>
      {bytes > budget && <span className="notice">{text.memoryFull}</span>}
      <span className="grow" />
      <span className="faint">{words.shell.disclaimer}</span>
    </footer>
  );
}

function sizeText(bytes: number): string {
  const megabytes = bytes / megabyte;
  return megabytes >= 1024 ? `${Math.round((megabytes / 1024) * 10) / 10} GB` : `${Math.round(megabytes)} MB`;
}
