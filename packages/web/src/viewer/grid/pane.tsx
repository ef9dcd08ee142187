/** One pane: a stack, a document, or the place for one. */
import { type Dispatch, lazy, Suspense, useState } from "react";
import { useText } from "../../messages/use-text.ts";
import { routeHash } from "../../routing/route.ts";
import { Tag, text as value } from "../../dicom/attributes.ts";
import { ErrorBoundary } from "../../ui/error-boundary.tsx";
import type { DisplaySet } from "../model/display-sets.ts";
import type { ViewerAction, ViewerState } from "../state/viewer-state.ts";
import { CineBar } from "./cine-bar.tsx";
import { StackPane } from "./stack-pane.tsx";

const DocumentPane = lazy(async () => ({
  default: (await import("../documents/document-pane.tsx")).DocumentPane,
}));

/** What a dragged series is called among what may be dragged over a page. */
export const dragType = "application/x-isocenter-set";

export function Pane({
  number,
  set,
  index,
  source,
  isLoading,
  isActive,
  isAlone,
  isPlaying,
  state,
  keyImages,
  dispatch,
  onDrop,
}: {
  readonly number: number;
  readonly set: DisplaySet | undefined;
  readonly index: number;
  readonly source: string | undefined;
  readonly isLoading: boolean;
  readonly isActive: boolean;
  readonly isAlone: boolean;
  readonly isPlaying: boolean;
  readonly state: ViewerState;
  readonly keyImages: ReadonlySet<string>;
  readonly dispatch: Dispatch<ViewerAction>;
  readonly onDrop: (setId: string) => void;
}) {
  const words = useText();
  const text = words.viewer;
  const [isOver, setOver] = useState(false);
  const sop = set?.frames[index]?.sopInstanceUid;
  const className = ["pane", isActive && !isAlone ? "active" : "", isOver ? "over" : ""].join(" ");
  return (
    <section
      className={className}
      aria-label={`${number + 1}: ${set === undefined ? text.emptyPane : set.description || set.modality}`}
      aria-current={isActive}
      onPointerDownCapture={() => dispatch({ kind: "active", pane: number })}
      onFocusCapture={() => dispatch({ kind: "active", pane: number })}
      onDragOver={(event) => {
        if (!event.dataTransfer.types.includes(dragType)) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        setOver(false);
        onDrop(event.dataTransfer.getData(dragType));
      }}
    >
      <ErrorBoundary>
        {set === undefined && (
          <p className="pane-empty" role={isLoading ? "status" : undefined}>
            {isLoading ? words.shell.loading : text.emptyPane}
          </p>
        )}
        {set?.kind === "images" && (
          <>
            <StackPane
              pane={number}
              set={set}
              startIndex={index}
              isSmooth={state.isSmooth}
              hasText={state.hasText}
              hasReferenceLines={state.hasReferenceLines && !isActive}
              activePane={state.active}
              source={source}
              isKeyImage={sop !== undefined && keyImages.has(sop)}
              onIndex={(next) => dispatch({ kind: "index", pane: number, index: next })}
            />
            {set.isCine && (
              <CineBar
                frameRate={set.frameRate}
                isPlaying={isPlaying}
                onPlay={(playing) => dispatch({ kind: "play", pane: number, isPlaying: playing })}
              />
            )}
          </>
        )}
        {set !== undefined && ["pdf", "report", "waveform", "key-objects"].includes(set.kind) && (
          <Suspense fallback={<p className="pane-empty">{words.shell.loading}</p>}>
            <DocumentPane set={set} source={source} />
          </Suspense>
        )}
        {set !== undefined && (set.kind === "other" || set.kind === "overlay") && (
          <div className="pane-empty">
            <p>{text.notShown}</p>
            <a
              className="button"
              href={routeHash(
                [
                  "tags",
                  set.studyInstanceUid,
                  set.seriesInstanceUid,
                  value(set.instance, Tag.SOPInstanceUID) ?? "",
                ],
                { source },
              )}
            >
              {text.openTags}
            </a>
          </div>
        )}
      </ErrorBoundary>
    </section>
  );
}
