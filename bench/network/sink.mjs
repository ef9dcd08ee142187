// Our acceptor with nothing behind it: reads every byte and answers success. Usage: node sink.mjs PORT
import { listenTcp } from "@isocenter/network/node";

const server = await listenTcp(Number(process.argv[2]), {
  services: {
    verification: true,
    storage: {
      sopClasses: "any",
      async onStore(bytes) {
        for await (const _ of bytes);
        return 0;
      },
    },
  },
});
process.stdout.write(`listening ${server.port}\n`);
process.once("SIGTERM", () => {
  process.stdout.write(`peak ${process.resourceUsage().maxRSS} kB\n`);
  void server.close({ drainMs: 0 }).then(() => process.exit(0));
});
