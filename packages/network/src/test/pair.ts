/** Two ends of an association in one process, for tests. */
import { type AcceptorOptions, type ServedAssociation, serveAssociation } from "../acceptor.ts";
import { type AssociateOptions, type Association, associateOver } from "../association.ts";
import { memoryPair } from "../memory/index.ts";
import type { StoreInstance } from "../services/service-user.ts";
import type { AssociationEvent } from "../timeline.ts";

export interface Pair extends AsyncDisposable {
  readonly association: Association;
  readonly served: ServedAssociation;
  readonly events: AssociationEvent[];
}

/** An association over a pair in memory; disposal releases it. */
export async function openPair(
  accept: Omit<AcceptorOptions, "aeTitle">,
  request: Partial<AssociateOptions> & Pick<AssociateOptions, "contexts">,
): Promise<Pair> {
  const [ours, theirs] = memoryPair();
  const events: AssociationEvent[] = [];
  const served = serveAssociation(theirs, { aeTitle: "SCP", ...accept });
  const association = await associateOver(ours, {
    callingAeTitle: "SCU",
    calledAeTitle: "SCP",
    onEvent: (event) => void events.push(event),
    ...request,
  });
  return {
    association,
    served,
    events,
    async [Symbol.asyncDispose]() {
      await association.release();
      await served.closed;
    },
  };
}

export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const got: T[] = [];
  for await (const one of source) got.push(one);
  return got;
}

export async function bytesOf(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  return Buffer.concat(await collect(source));
}

/** Instances with recognisable bytes. */
export function instances(
  count: number,
  { sopClassUid = "1.2.840.10008.5.1.4.1.1.2", transferSyntaxUid = "1.2.840.10008.1.2.1", size = 100 } = {},
): StoreInstance[] {
  return Array.from({ length: count }, (_, index) => ({
    sopClassUid,
    sopInstanceUid: `1.2.3.${index + 1}`,
    transferSyntaxUid,
    dataSet: new Uint8Array(size).fill(index + 1),
  }));
}
