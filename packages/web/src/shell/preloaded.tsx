/**
 * A view in a chunk of its own that is there at once when it was fetched before. `lazy` alone would show its fallback
 * for a moment all the same, and React keeps a fallback for 300 ms once it was shown.
 */
import { type ComponentType, lazy } from "react";

export interface Preloaded<Props> {
  load(): Promise<void>;
  readonly View: (props: Props) => React.ReactNode;
}

export function preloaded<Props extends object>(
  fetchView: () => Promise<ComponentType<Props>>,
): Preloaded<Props> {
  let Ready: ComponentType<Props> | undefined;
  const load = async (): Promise<ComponentType<Props>> => {
    Ready ??= await fetchView();
    return Ready;
  };
  const Waiting = lazy(async () => ({ default: await load() })) as unknown as ComponentType<Props>;
  return {
    load: async () => void (await load()),
    View(props) {
      const Now = Ready ?? Waiting;
      return <Now {...props} />;
    },
  };
}
