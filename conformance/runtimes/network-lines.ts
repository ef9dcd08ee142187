/** Both ends of an association in one runtime. */
import {
  type AssociateOptions,
  type Association,
  associateOver,
} from "../../packages/network/src/association.ts";
import { suiteAcceptor } from "../../packages/network/src/test/association-suite-acceptor.ts";
import { streamTransport } from "../../packages/network/src/web/index.ts";

export type Line = (options: AssociateOptions) => Promise<Association>;

/** Over web streams of the runtime's own. */
export function memoryLine(): Line {
  const acceptor = suiteAcceptor();
  return (options) => {
    const there = new TransformStream<Uint8Array, Uint8Array>();
    const back = new TransformStream<Uint8Array, Uint8Array>();
    acceptor.serve(streamTransport({ readable: there.readable, writable: back.writable }));
    return associateOver(streamTransport({ readable: back.readable, writable: there.writable }), options);
  };
}
