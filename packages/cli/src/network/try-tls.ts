/** Whether a port answers a TLS handshake, and with which certificate: nothing is said over the connection. */
import type { TlsAnswer } from "@isocenter/network/doctor";
import { connect } from "node:tls";

export function tryTls(host: string, port: number, signal: AbortSignal): Promise<TlsAnswer> {
  return new Promise((resolve) => {
    // Looked at, not trusted: whatever certificate the peer shows is the answer.
    const socket = connect({
      host,
      port,
      rejectUnauthorized: false,
      ...(isName(host) ? { servername: host } : {}),
    });
    const finish = (answer: TlsAnswer): void => {
      signal.removeEventListener("abort", onAbort);
      socket.destroy();
      resolve(answer);
    };
    const onAbort = (): void => finish({ speaksTls: false });
    signal.addEventListener("abort", onAbort, { once: true });
    socket.once("secureConnect", () => {
      const certificate = socket.getPeerCertificate();
      const protocol = socket.getProtocol();
      const subject = certificate.subject?.CN;
      finish({
        speaksTls: true,
        ...(protocol === null ? {} : { protocol }),
        cipher: socket.getCipher().name,
        ...(typeof subject === "string" ? { subject } : {}),
        ...(certificate.valid_to === undefined ? {} : { validTo: certificate.valid_to }),
      });
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      // An alert is TLS too: the peer wants a certificate of ours, or another version.
      const isAlert =
        /ALERT|HANDSHAKE_FAILURE|PROTOCOL_VERSION/i.test(error.code ?? "") &&
        !/WRONG_VERSION/i.test(error.code ?? "");
      finish({ speaksTls: isAlert });
    });
  });
}

/** Server Name Indication takes no addresses. */
const isName = (host: string): boolean => !/^[\d.]+$/.test(host) && !host.includes(":");
