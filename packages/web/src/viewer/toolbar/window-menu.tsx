/** Windows by name: those of the image first, then the modality's. */
import { useText } from "../../messages/use-text.ts";
import { Menu } from "../../ui/menu.tsx";
import type { Stage } from "../engine/stage.ts";
import type { DisplaySet } from "../model/display-sets.ts";
import type { Window } from "../model/frame.ts";
import { presetsFor } from "../model/presets.ts";

export function WindowMenu({
  stage,
  set,
  pane,
  isDisabled,
}: {
  readonly stage: Stage | undefined;
  readonly set: DisplaySet | undefined;
  readonly pane: number;
  readonly isDisabled: boolean;
}) {
  const text = useText().viewer;
  const frame = stage?.frame(pane) ?? set?.frames[0];
  const presets = presetsFor(frame?.modality ?? "", frame?.suvFactor !== undefined);
  const own = frame?.windows ?? [];
  const item = (key: string, label: string, window: Window, shortcut: string, close: () => void) => (
    <button
      type="button"
      className="menu-item"
      key={key}
      onClick={() => {
        stage?.setWindow(pane, window);
        close();
      }}
    >
      <span className="grow">{label}</span>
      <small className="numeric">
        W {Math.round(window.width)} L {Math.round(window.center)}
      </small>
      <kbd>{shortcut}</kbd>
    </button>
  );
  return (
    <Menu
      label={text.presets}
      button={<span aria-hidden="true">▾</span>}
      className="tool-button narrow"
      isDisabled={isDisabled || own.length + presets.length === 0}
    >
      {(close) => (
        <>
          {own.map((window, at) =>
            item(`own-${at}`, window.label ?? text.ownWindow, window, at === 0 ? "0" : "", close),
          )}
          {presets.map((preset, at) => item(preset.id, preset.label, preset, String(at + 1), close))}
        </>
      )}
    </Menu>
  );
}
