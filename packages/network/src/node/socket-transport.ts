/** A Node socket as a {@link Transport}: no delay, gathered writes, backpressure both ways. */
import type { Socket } from "node:net";
import type { Transport, TransportHandlers } from "@isocenter/network";

export function socketTransport(socket: Socket): Transport {
  // A DIMSE exchange is small messages back and forth: Nagle's algorithm would hold each for the peer's delayed ACK.
  socket.setNoDelay(true);
  return {
    start(handlers: TransportHandlers): void {
      let failure: Error | undefined;
      socket.on("data", (chunk) => handlers.onData(chunk));
      socket.on("drain", () => handlers.onDrain());
      socket.on("error", (error) => {
        failure = error;
      });
      socket.on("end", () => socket.end());
      socket.on("close", () => handlers.onClose(failure));
    },
    write(chunks: readonly Uint8Array[]): boolean {
      if (socket.destroyed || socket.writableEnded) return true;
      socket.cork();
      for (const chunk of chunks) socket.write(chunk);
      socket.uncork();
      return !socket.writableNeedDrain;
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    close(): void {
      if (socket.destroyed) return;
      socket.end();
      // A peer that never closes its side must not keep the socket for ever.
      socket.setTimeout(5000, () => socket.destroy());
    },
    destroy: () => void socket.destroy(),
  };
}
