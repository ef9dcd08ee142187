/** Plays the frames of a pane. */
import { useText } from "../../messages/use-text.ts";
import { PauseIcon, PlayIcon } from "../../ui/icons.tsx";

export function CineBar({
  frameRate,
  isPlaying,
  onPlay,
}: {
  readonly frameRate: number | undefined;
  readonly isPlaying: boolean;
  readonly onPlay: (isPlaying: boolean) => void;
}) {
  const text = useText().viewer;
  return (
    <div className="cine">
      <button
        type="button"
        className="icon-button"
        aria-label={isPlaying ? text.pause : text.play}
        onClick={() => onPlay(!isPlaying)}
      >
        {isPlaying ? <PauseIcon /> : <PlayIcon />}
      </button>
      {frameRate !== undefined && (
        <span className="numeric faint" title={text.frameRate}>
          {Math.round(frameRate * 10) / 10}/s
        </span>
      )}
    </div>
  );
}
