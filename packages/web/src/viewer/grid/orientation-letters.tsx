/** Where left, head and front of the patient are, at the edges of a picture. */
import type { PaneView } from "./pane-view.ts";

const edges = ["top", "right", "bottom", "left"] as const;

export function OrientationLetters({ letters }: { readonly letters: PaneView["letters"] }) {
  return edges.map((edge) =>
    letters[edge] === "" ? null : (
      <span className={`letter ${edge}`} key={edge} data-testid={`letter-${edge}`}>
        {letters[edge]}
      </span>
    ),
  );
}
