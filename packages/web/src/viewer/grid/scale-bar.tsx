/** A bar of a round length, where the size of a pixel is known. */
import type { PaneView } from "./pane-view.ts";

const lengths = [1, 2, 5, 10, 20, 50, 100, 200, 500] as const;
/** CSS pixels. */
const longest = 160;

export function ScaleBar({ view }: { readonly view: PaneView }) {
  const { millimetresPerPixel } = view;
  if (millimetresPerPixel === undefined || !(millimetresPerPixel > 0)) return null;
  const length = lengths.findLast((one) => one / millimetresPerPixel <= longest);
  if (length === undefined) return null;
  const width = length / millimetresPerPixel;
  return (
    <div className="scale-bar" style={{ width }} data-testid="scale-bar" data-millimetres={length}>
      <span>{length >= 10 ? `${length / 10} cm` : `${length} mm`}</span>
    </div>
  );
}
