/**
 * The one place where commands open connections, and so the one where it is decided what holds for all of them: a secure
 * transport is added here and to the options of `options.ts`.
 */
import type { AssociateOptions, Association } from "@isocenter/network";
import { connectTcp } from "@isocenter/network/node";

export function dial(
  { host, port }: { readonly host: string; readonly port: number },
  options: AssociateOptions,
): Promise<Association> {
  return connectTcp(host, port, options);
}
