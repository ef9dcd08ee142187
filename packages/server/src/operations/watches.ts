/** Several who watch one association, as one. */
import type { AssociationEvent } from "@isocenter/network";

export interface Watch {
  readonly onEvent: (event: AssociationEvent) => void;
  readonly recordDataSets?: number;
}

export function together(first: Watch, ...others: readonly ((event: AssociationEvent) => void)[]): Watch {
  return {
    ...first,
    onEvent(event) {
      first.onEvent(event);
      for (const other of others) other(event);
    },
  };
}
