/** Value representations, PS3.5 6.2: the 34 of them and what the encoding needs to know about each. */

export const vrs = [
  "AE",
  "AS",
  "AT",
  "CS",
  "DA",
  "DS",
  "DT",
  "FD",
  "FL",
  "IS",
  "LO",
  "LT",
  "OB",
  "OD",
  "OF",
  "OL",
  "OV",
  "OW",
  "PN",
  "SH",
  "SL",
  "SQ",
  "SS",
  "ST",
  "SV",
  "TM",
  "UC",
  "UI",
  "UL",
  "UN",
  "UR",
  "US",
  "UT",
  "UV",
] as const;
export type Vr = (typeof vrs)[number];

export interface VrInfo {
  readonly vr: Vr;
  /** Explicit VR encoding has two reserved bytes and a 32-bit length (PS3.5 7.1.2). */
  readonly longLength: boolean;
  /** Bytes of one number; 0 for text, sequences and raw bytes. What a big-endian encoding swaps. */
  readonly wordSize: 0 | 1 | 2 | 4 | 8;
  readonly kind: "text" | "number" | "bytes" | "sequence" | "tag";
  /** Text in which (0008,0005) matters (PS3.5 6.1.2.2). */
  readonly charset: boolean;
  /** A backslash separates values. */
  readonly multiple: boolean;
  /** What pads to an even length. */
  readonly padding: 0x20 | 0x00;
}

const info = (vr: Vr): VrInfo => {
  const long = "OB OD OF OL OV OW SQ SV UC UN UR UT UV".split(" ").includes(vr);
  const size = {
    US: 2,
    SS: 2,
    OW: 2,
    UL: 4,
    SL: 4,
    FL: 4,
    OF: 4,
    OL: 4,
    FD: 8,
    OD: 8,
    OV: 8,
    SV: 8,
    UV: 8,
    AT: 2,
  };
  const kind =
    vr === "SQ"
      ? "sequence"
      : vr === "AT"
        ? "tag"
        : ["OB", "OD", "OF", "OL", "OV", "OW", "UN"].includes(vr)
          ? "bytes"
          : ["US", "SS", "UL", "SL", "FL", "FD", "SV", "UV"].includes(vr)
            ? "number"
            : "text";
  return {
    vr,
    longLength: long,
    wordSize: ((size as Record<string, number>)[vr] ??
      (vr === "OB" || vr === "UN" ? 1 : 0)) as VrInfo["wordSize"],
    kind,
    charset: ["LO", "LT", "PN", "SH", "ST", "UC", "UT"].includes(vr),
    multiple: kind === "text" && !["LT", "ST", "UT", "UR"].includes(vr),
    padding: vr === "UI" || kind !== "text" ? 0x00 : 0x20,
  };
};

/** By the two letters as a number, `first << 8 | second`: the parser's look-up, without making a string. */
const byCode: (VrInfo | undefined)[] = [];
const byName: Record<string, VrInfo> = {};
for (const vr of vrs) {
  const one = info(vr);
  byName[vr] = one;
  byCode[(vr.charCodeAt(0) << 8) | vr.charCodeAt(1)] = one;
}

export function vrInfo(vr: Vr): VrInfo {
  return byName[vr] as VrInfo;
}

/** @param code first letter in the high byte, second in the low byte */
export function vrInfoFromCode(code: number): VrInfo | undefined {
  return byCode[code];
}

export function isVr(text: string): text is Vr {
  return byName[text] !== undefined;
}
