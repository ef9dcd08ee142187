/** What the first contact means: whether somebody is there, speaks DICOM, and lets us in. */
import type { DoctorOptions, Facts, Finding, TitleTrial } from "./types.ts";

export function reachFindings(facts: Facts, options: DoctorOptions): Finding[] {
  const { tls } = facts;
  if (tls?.speaksTls === true && facts.callingAeTitle === undefined) return [tlsFinding(facts)];
  if (facts.otherProtocol !== undefined) return [wrongProtocol(facts.otherProtocol)];
  const outcome = facts.reach?.outcome;
  switch (outcome) {
    case "associated":
      return associated(facts, options);
    case "rejected":
      return rejected(facts, options);
    case "aborted":
      return facts.callingAeTitle === undefined ? [closed(facts)] : rejected(facts, options);
    case "no-dicom":
      if (options.usesTls === true && facts.reach?.failure?.code === "wrong-protocol")
        return [noTls(facts.reach.failure.message)];
      return [wrongProtocol(facts.reach?.failure?.message ?? "What answers there is not DICOM.")];
    case "silent":
      return [
        {
          kind: "problem",
          code: "silent",
          text: "Something accepts the connection and answers nothing to an association request.",
          means:
            "It may be another service, a DICOM service that hangs, or one that waits for something else first.",
          advice: "Check the port, and whether the service has to be restarted.",
        },
      ];
    default:
      return [unreachable(facts, options)];
  }
}

const wrongProtocol = (text: string): Finding => ({
  kind: "problem",
  code: "wrong-protocol",
  text,
  means: "Host and network are fine; the port is another service's.",
  advice: "Ask for the DICOM port (often 104 or 11112).",
});

const noTls = (text: string): Finding => ({
  kind: "problem",
  code: "no-tls",
  text,
  means: "Host and network are fine; the port does not take TLS.",
  advice: "Ask for the port with TLS (often 2762), or connect to this one without it.",
});

function associated(facts: Facts, { calledAeTitle, usesTls }: DoctorOptions): Finding[] {
  const who = facts.implementation;
  const name = who?.versionName ?? who?.classUid ?? "an unnamed implementation";
  const findings: Finding[] = [
    {
      kind: "works",
      code: "associated",
      text: `${facts.calledAeTitle ?? ""} accepts associations from ${facts.callingAeTitle ?? ""}${usesTls === true ? " over TLS" : ""}; it is ${name}.`,
    },
  ];
  if (facts.checksCalled === false && calledAeTitle !== undefined)
    findings.push({
      kind: "note",
      code: "called-not-checked",
      text: "It answers to any called AE title.",
      means: "A wrong title in a configuration will not be noticed here.",
    });
  if (facts.checksCalling === false)
    findings.push({
      kind: "note",
      code: "calling-not-checked",
      text: "It lets in callers with any AE title.",
      means: "Whoever reaches the port may connect; what they may do then is another question.",
      advice: "Ask whether that is meant so.",
    });
  return findings;
}

function rejected(facts: Facts, options: DoctorOptions): Finding[] {
  const { trials = [] } = facts;
  const works = trials.find(({ accepted }) => accepted);
  if (works !== undefined) return [titleWriting(works, options), ...associated(facts, options)];
  const knows = trials.find(({ failure }) => failure?.reason === "calling-AE-title-not-recognized");
  if (knows !== undefined) {
    const tried = [
      ...new Set(
        trials.filter((one) => one.calledAeTitle === knows.calledAeTitle).map((one) => one.callingAeTitle),
      ),
    ];
    return [
      {
        kind: "problem",
        code: "calling-unknown",
        text: `It goes by "${knows.calledAeTitle}", and does not know the calling AE title "${options.callingAeTitle}".`,
        means: `Tried from here: ${tried.join(", ")}. PACS let in only AE titles in their list.`,
        advice: "Ask the administrator to add our AE title with this machine's address.",
      },
    ];
  }
  const isCalled =
    trials.length > 0 && trials.every(({ failure }) => failure?.reason === "called-AE-title-not-recognized");
  if (isCalled) {
    return [
      {
        kind: "problem",
        code: "called-unknown",
        text: `It goes by none of the called AE titles that were tried: ${[...new Set(trials.map((one) => one.calledAeTitle))].join(", ")}.`,
        means: "A DICOM service is there, and wants to be called by its own title, letter by letter.",
        advice: "Ask the administrator for its AE title.",
      },
    ];
  }
  const failure = facts.reach?.failure;
  return [
    {
      kind: "problem",
      code: "rejected",
      text: failure?.message ?? "It rejects the association.",
      advice: "Try again in a moment; if it goes on, ask the administrator.",
    },
  ];
}

function titleWriting({ callingAeTitle, calledAeTitle }: TitleTrial, options: DoctorOptions): Finding {
  const given = `called "${options.calledAeTitle ?? "ANY-SCP"}", calling "${options.callingAeTitle}"`;
  return {
    kind: "problem",
    code: "title-writing",
    text: `It rejects ${given}, and accepts called "${calledAeTitle}", calling "${callingAeTitle}".`,
    means: "AE titles differ in upper and lower case, and in every letter.",
    advice: `Use -aec ${calledAeTitle} -aet ${callingAeTitle}.`,
  };
}

function closed({ reach }: Facts): Finding {
  return {
    kind: "problem",
    code: "closed-silently",
    text: `It closes the connection at our association request without giving a reason (${reach?.failure?.message ?? "it hung up"}).`,
    means:
      "Many PACS do so with callers they do not know by AE title or address; some with anything but TLS.",
    advice:
      "Ask the administrator to let in our AE title with this machine's address, and whether TLS is needed.",
  };
}

function tlsFinding({ tls }: Facts): Finding {
  const certificate = tls?.subject === undefined ? "" : `, with a certificate for ${tls.subject}`;
  return {
    kind: "problem",
    code: "tls-needed",
    text: `The port speaks ${tls?.protocol ?? "TLS"}${certificate}${tls?.validTo === undefined ? "" : `, valid to ${tls.validTo}`}.`,
    means: "Without TLS nothing can be said to it.",
    advice: "Connect with TLS, or ask for a port without it.",
  };
}

function unreachable({ reach }: Facts, { host, port }: DoctorOptions): Finding {
  const code = reach?.failure?.code ?? "connection-failed";
  const text = reach?.failure?.message ?? `Nothing answers at ${host}:${port}.`;
  switch (code) {
    case "host-not-found":
      return {
        kind: "problem",
        code,
        text,
        advice: "Check the spelling of the host name, or use its IP address.",
      };
    case "connection-refused":
      return {
        kind: "problem",
        code,
        text,
        means: "The machine is there, and nothing listens on this port, or a firewall says so.",
        advice: "Check the port, and that the DICOM service is running.",
      };
    case "connect-timeout":
      return {
        kind: "problem",
        code,
        text,
        means: "Packets get no answer: the address is wrong, the machine is off, or a firewall drops them.",
        advice: "Check the address and the firewalls on the way.",
      };
    case "certificate-untrusted":
      return {
        kind: "problem",
        code,
        text,
        means:
          "One side shows a certificate that the other has no reason to trust; nothing was said over it.",
        advice: "Trust the authority of the peer's certificate, or the certificate by its fingerprint.",
      };
    case "certificate-expired":
      return {
        kind: "problem",
        code,
        text,
        means: "A certificate is out of its dates, or a clock is wrong.",
        advice: "Have the certificate renewed, and compare the clocks of both machines.",
      };
    case "certificate-name-mismatch":
      return {
        kind: "problem",
        code,
        text,
        means: "The peer is there, and its certificate was made for another name.",
        advice: "Use the name that is in the certificate.",
      };
    case "client-certificate-required":
      return {
        kind: "problem",
        code,
        text,
        means: "The peer lets in only who has a certificate that it trusts.",
        advice: "Have a certificate made for this machine, by an authority that the peer trusts.",
      };
    case "tls-failed":
      return {
        kind: "problem",
        code,
        text,
        means:
          "Host and network are fine; TLS did not come about, for which certificates, versions or a port without TLS can be the reason.",
        advice: "Check that the port takes TLS, with which versions, and which client certificates it wants.",
      };
    default:
      return { kind: "problem", code, text, advice: "Check the network between here and there." };
  }
}
