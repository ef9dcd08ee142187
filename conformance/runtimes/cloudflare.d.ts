declare module "cloudflare:sockets" {
  import type { ConnectSocket } from "../../packages/network/src/workers.ts";

  /** What the runtime gives; its whole type is in @cloudflare/workers-types. */
  export const connect: ConnectSocket;
}
