/** Media types of compressed frames by transfer syntax (PS3.18 Table 8.7.3-5). */
import { transferSyntaxInfo } from "@isocenter/dicom";

interface FrameMediaType {
  readonly mediaType: string;
  /** The syntax meant when the media type is named without one. */
  readonly isDefault: boolean;
}

const frameMediaTypes: Readonly<Record<string, FrameMediaType>> = {
  "1.2.840.10008.1.2.5": { mediaType: "image/dicom-rle", isDefault: true },
  "1.2.840.10008.1.2.4.50": { mediaType: "image/jpeg", isDefault: false },
  "1.2.840.10008.1.2.4.51": { mediaType: "image/jpeg", isDefault: false },
  "1.2.840.10008.1.2.4.57": { mediaType: "image/jpeg", isDefault: false },
  "1.2.840.10008.1.2.4.70": { mediaType: "image/jpeg", isDefault: true },
  "1.2.840.10008.1.2.4.80": { mediaType: "image/jls", isDefault: true },
  "1.2.840.10008.1.2.4.81": { mediaType: "image/jls", isDefault: false },
  "1.2.840.10008.1.2.4.90": { mediaType: "image/jp2", isDefault: true },
  "1.2.840.10008.1.2.4.91": { mediaType: "image/jp2", isDefault: false },
  "1.2.840.10008.1.2.4.92": { mediaType: "image/jpx", isDefault: true },
  "1.2.840.10008.1.2.4.93": { mediaType: "image/jpx", isDefault: false },
  "1.2.840.10008.1.2.4.100": { mediaType: "video/mpeg", isDefault: true },
  "1.2.840.10008.1.2.4.101": { mediaType: "video/mpeg", isDefault: false },
  "1.2.840.10008.1.2.4.102": { mediaType: "video/mp4", isDefault: true },
  "1.2.840.10008.1.2.4.103": { mediaType: "video/mp4", isDefault: false },
  "1.2.840.10008.1.2.4.104": { mediaType: "video/mp4", isDefault: false },
  "1.2.840.10008.1.2.4.105": { mediaType: "video/mp4", isDefault: false },
  "1.2.840.10008.1.2.4.106": { mediaType: "video/mp4", isDefault: false },
  "1.2.840.10008.1.2.4.107": { mediaType: "video/mp4", isDefault: false },
  "1.2.840.10008.1.2.4.108": { mediaType: "video/mp4", isDefault: false },
  "1.2.840.10008.1.2.4.110": { mediaType: "image/jxl", isDefault: true },
  "1.2.840.10008.1.2.4.111": { mediaType: "image/jxl", isDefault: false },
  "1.2.840.10008.1.2.4.112": { mediaType: "image/jxl", isDefault: false },
  "1.2.840.10008.1.2.4.201": { mediaType: "image/jphc", isDefault: true },
  "1.2.840.10008.1.2.4.202": { mediaType: "image/jphc", isDefault: false },
  "1.2.840.10008.1.2.4.203": { mediaType: "image/jphc", isDefault: false },
};

export function frameMediaType(transferSyntaxUid: string): FrameMediaType | undefined {
  return frameMediaTypes[transferSyntaxUid];
}

/** The syntax meant by a media type of compressed images alone; undefined for others. */
export function defaultFrameSyntax(mediaType: string): string | undefined {
  return Object.keys(frameMediaTypes).find((uid) => {
    const known = frameMediaTypes[uid];
    return known?.mediaType === mediaType && known.isDefault;
  });
}

const encapsulatedUncompressed = "1.2.840.10008.1.2.1.98";

/** Frames are plain samples, whatever they are wrapped in. */
export function hasNativeFrames(transferSyntaxUid: string): boolean {
  return (
    transferSyntaxUid === encapsulatedUncompressed ||
    transferSyntaxInfo(transferSyntaxUid)?.encapsulated === false
  );
}
