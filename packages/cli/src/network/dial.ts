/** The one place where commands open connections, plain or with TLS. */
import type { AssociateOptions, Association } from "@isocenter/network";
import { connectTcp, type TlsClientOptions } from "@isocenter/network/node";

export interface Dialled {
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsClientOptions | undefined;
}

export function dial({ host, port, tls }: Dialled, options: AssociateOptions): Promise<Association> {
  return connectTcp(host, port, { ...options, ...(tls === undefined ? {} : { tls }) });
}
