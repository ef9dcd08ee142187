/** The place in the stack, at a picture's right edge: shows it, and is dragged to another. */
import { useText } from "../../messages/use-text.ts";

export function SliceSlider({
  index,
  count,
  onChange,
}: {
  readonly index: number;
  readonly count: number;
  readonly onChange: (index: number) => void;
}) {
  const text = useText().viewer;
  return (
    <input
      className="slice-slider"
      type="range"
      aria-label={text.slice}
      aria-orientation="vertical"
      aria-valuetext={text.image(index + 1, count)}
      min={0}
      max={count - 1}
      value={index}
      onChange={(event) => onChange(Number(event.target.value))}
    />
  );
}
