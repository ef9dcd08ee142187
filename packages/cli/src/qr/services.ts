/** C-ECHO, C-FIND, C-GET, C-MOVE and C-STORE over what a folder holds (PS3.4 A, B, C), as the server has them. */
import type { ImageSource } from "@isocenter/archive/image-source";
import type { MoveDestination, Services, StoreHandler } from "@isocenter/network";
import { queryRetrieveServices } from "@isocenter/server/query-retrieve";

/** What is asked, whether it stands in an archive's index or in memory. */
export interface QrSource extends Pick<ImageSource, "find" | "retrieve"> {
  /** Undefined where nothing may be stored. */
  readonly onStore: StoreHandler | undefined;
}

export function qrServices(
  source: QrSource,
  destination: (aeTitle: string) => MoveDestination | undefined,
): Services {
  return {
    verification: true,
    ...(source.onStore === undefined ? {} : { storage: { sopClasses: "any", onStore: source.onStore } }),
    ...queryRetrieveServices({ source, isLocal: true, destination }),
  };
}
