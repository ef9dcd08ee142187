/** The DIMSE face: verification, storage and query over an image source (PS3.4 A, B, C). */
import type { ImageSource, LocalArchive, QueryLevel } from "@isocenter/archive";
import { queryLevels } from "@isocenter/archive";
import { listenTcp, type TcpServer } from "@isocenter/network/node";
import { PatientRootFind, StudyRootFind } from "@isocenter/network";
import type { ListenAddress } from "../config.ts";

export interface DimseFaceOptions {
  readonly source: ImageSource & Pick<LocalArchive, "storeOne">;
  readonly address: ListenAddress;
  readonly aeTitle: string;
  readonly allowedAeTitles?: readonly string[];
}

/** Listens for associations. Anything that cannot be stored or answered becomes a status with an error comment. */
export function serveDimse({
  source,
  address,
  aeTitle,
  allowedAeTitles,
}: DimseFaceOptions): Promise<TcpServer> {
  const allowed = allowedAeTitles === undefined ? undefined : new Set(allowedAeTitles);
  return listenTcp(address.port, {
    host: address.host,
    aeTitle,
    authorize: (request) => allowed === undefined || allowed.has(request.callingAeTitle),
    services: {
      verification: true,
      storage: {
        sopClasses: "any",
        async onStore(bytes, request, { signal }) {
          const outcome = await source.storeOne(
            {
              sopClassUid: request.affectedSopClassUid,
              sopInstanceUid: request.affectedSopInstanceUid,
              transferSyntaxUid: request.transferSyntaxUid,
              sourceAeTitle: request.callingAeTitle,
              dataSet: () => bytes,
            },
            { signal },
          );
          return {
            code: outcome.status,
            ...(outcome.reason === undefined ? {} : { errorComment: outcome.reason }),
          };
        },
      },
      query: {
        models: [PatientRootFind, StudyRootFind],
        onFind: (identifier, { signal }) =>
          source.find(
            { level: levelOf(identifier.string("QueryRetrieveLevel")), keys: identifier },
            { signal },
          ),
      },
    },
  });
}

function levelOf(text: string | undefined): QueryLevel {
  const level = queryLevels.find((one) => one === text);
  if (level === undefined) throw new Error("The identifier has no known Query/Retrieve Level (0008,0052).");
  return level;
}
