/** What the page and its decoding workers say to each other. */
import type { PixelDescription } from "@isocenter/dicom";
import type { DicomJson } from "../../api/types.ts";

export type Pixels = Uint8Array | Int16Array | Uint16Array | Float32Array;

export interface DecodeRequest {
  readonly id: number;
  /** Absolute: a worker's own address is elsewhere. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly description: PixelDescription;
  readonly slope: number;
  readonly intercept: number;
  /** Palettes and modality tables, of images that have them. */
  readonly tables: DicomJson | undefined;
  /** Colour with an alpha channel, for canvases without WebGL. */
  readonly withAlpha: boolean;
}

export interface DecodedPixels {
  readonly pixels: Pixels;
  readonly components: 1 | 3 | 4;
  readonly least: number;
  readonly most: number;
  readonly transferSyntaxUid: string;
}

export type DecodeAnswer =
  | { readonly id: number; readonly decoded: DecodedPixels }
  | { readonly id: number; readonly problem: { readonly code: string; readonly message: string } };

/** Workers also take this: the page no longer wants an answer. */
export interface DecodeCancel {
  readonly cancel: number;
}
