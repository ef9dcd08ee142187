/** Several AE titles on one listener, each with a source of its own: requests go by the title that was called. */
import type { NormalizedService, RequestContext, Services } from "@isocenter/network";

/**
 * @param faces by AE title; all have the same services
 * @param main whose services are offered
 */
export function byCalledTitle(faces: ReadonlyMap<string, Services>, main: Services): Services {
  const of = (title: string): Services => faces.get(title) ?? main;
  const { storage, query, retrieve, normalized } = main;
  return {
    ...(main.verification === undefined ? {} : { verification: main.verification }),
    ...(storage === undefined
      ? {}
      : {
          storage: {
            ...storage,
            onStore: (bytes, request, context) =>
              (of(request.calledAeTitle).storage ?? storage).onStore(bytes, request, context),
          },
        }),
    ...(query === undefined
      ? {}
      : {
          query: {
            ...query,
            onFind: (identifier, context) =>
              (of(context.calledAeTitle).query ?? query).onFind(identifier, context),
          },
        }),
    ...(retrieve === undefined
      ? {}
      : {
          retrieve: {
            ...retrieve,
            onRetrieve: (identifier, context) =>
              (of(context.calledAeTitle).retrieve ?? retrieve).onRetrieve(identifier, context),
            destination: (title, context) =>
              (of(context.calledAeTitle).retrieve ?? retrieve).destination?.(title, context),
          },
        }),
    ...(normalized === undefined ? {} : { normalized: normalized.map((one) => dispatched(one, of)) }),
  };
}

function dispatched(service: NormalizedService, of: (title: string) => Services): NormalizedService {
  const [sopClassUid = ""] = service.sopClassUids;
  const own = ({ calledAeTitle }: RequestContext): NormalizedService =>
    of(calledAeTitle).normalized?.find(({ sopClassUids }) => sopClassUids.includes(sopClassUid)) ?? service;
  return { ...service, onRequest: (request, context) => own(context).onRequest(request, context) };
}
