/** How many panes, and hanging protocols. */
import { type Dispatch, useState } from "react";
import { useText } from "../../messages/use-text.ts";
import { LayoutIcon } from "../../ui/icons.tsx";
import { Menu } from "../../ui/menu.tsx";
import type { LoadedStudy } from "../load/use-study.ts";
import { allProtocols, applyProtocol } from "../state/use-hanging.ts";
import { layouts, type ViewerAction, type ViewerState } from "../state/viewer-state.ts";
import { ProtocolEditor } from "./protocol-editor.tsx";

export function LayoutMenu({
  state,
  dispatch,
  study,
  prior,
}: {
  readonly state: ViewerState;
  readonly dispatch: Dispatch<ViewerAction>;
  readonly study: LoadedStudy;
  readonly prior: LoadedStudy;
}) {
  const text = useText().viewer;
  const [isEditing, setEditing] = useState(false);
  return (
    <>
      <Menu label={text.layout} button={<LayoutIcon />}>
        {(close) => (
          <>
            <div className="layout-grid">
              {layouts.map((layout) => {
                const [rows = 1, columns = 1] = layout.split("x").map(Number);
                const isCurrent = state.rows === rows && state.columns === columns;
                return (
                  <button
                    type="button"
                    key={layout}
                    className="layout-choice"
                    aria-label={text.layoutOf(rows, columns)}
                    title={text.layoutOf(rows, columns)}
                    aria-pressed={isCurrent}
                    style={{ gridTemplateColumns: `repeat(${columns}, 1fr)` }}
                    onClick={() => {
                      dispatch({ kind: "layout", rows, columns });
                      close();
                    }}
                  >
                    {Array.from({ length: rows * columns }, (_, at) => (
                      <span key={at} />
                    ))}
                  </button>
                );
              })}
            </div>
            <h3>{text.hanging}</h3>
            {allProtocols()
              .filter(({ study: { hasPrior } }) => hasPrior !== true || prior.uid !== "")
              .map((protocol) => (
                <button
                  type="button"
                  key={protocol.name}
                  className="menu-item"
                  onClick={() => {
                    applyProtocol(protocol, study.sets, prior.sets, dispatch);
                    close();
                  }}
                >
                  {protocol.name}
                </button>
              ))}
            <button
              type="button"
              className="menu-item"
              onClick={() => {
                setEditing(true);
                close();
              }}
            >
              {text.editProtocols}
            </button>
          </>
        )}
      </Menu>
      {isEditing && <ProtocolEditor onClose={() => setEditing(false)} />}
    </>
  );
}
