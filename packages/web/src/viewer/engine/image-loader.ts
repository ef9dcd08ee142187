/** Loads our frames for the rendering library: from WADO-RS through the decoding workers. */
import { cache, Enums, imageLoader, type Types, utilities } from "@cornerstonejs/core";
import type { PixelDescription } from "@isocenter/dicom";
import type { DicomJson } from "../../api/types.ts";
import { element, number, Tag, text } from "../../dicom/attributes.ts";
import { type Frame, imageScheme } from "../model/frame.ts";
import { DecodePool } from "./decode-pool.ts";
import type { DecodedPixels, Pixels } from "./decode-messages.ts";
import { frameOf } from "./frame-registry.ts";

let pool: DecodePool | undefined;

/** Started with the first frame, or before it when a viewer is about to open. */
export function decodePool(): DecodePool {
  pool ??= new DecodePool();
  return pool;
}

export function addImageLoader(): void {
  imageLoader.registerImageLoader(imageScheme, load);
}

type LoadOptions = { readonly requestType?: string; readonly useRGBA?: boolean } | undefined;

function load(imageId: string, options?: LoadOptions): { promise: Promise<Types.IImage> } {
  const frame = frameOf(imageId);
  if (frame === undefined) return { promise: Promise.reject(new Error("The image is not of this page.")) };
  const isUrgent = options?.requestType === Enums.RequestType.Interaction;
  const object = { promise: loadFrame(frame, isUrgent, options?.useRGBA === true) };
  // The library would do it itself, and leave a failure unhandled that whoever asked for the image is told of.
  if (cache.getImageLoadObject(imageId) === undefined)
    cache.putImageLoadObject(imageId, object).catch(() => undefined);
  return object;
}

async function loadFrame(frame: Frame, isUrgent: boolean, withAlpha: boolean): Promise<Types.IImage> {
  const factor = frame.suvFactor ?? 1;
  const decoded = await decodePool().decode(
    frame.imageId,
    {
      url: new URL(frame.url, location.href).href,
      headers: {},
      description: descriptionOf(frame),
      slope: frame.rescale.slope * factor,
      intercept: frame.rescale.intercept * factor,
      tables: tablesOf(frame.instance),
      withAlpha,
    },
    isUrgent,
  );
  return imageOf(frame, decoded);
}

function descriptionOf({ instance, rows, columns }: Frame): PixelDescription {
  const isFloat = element(instance, Tag.FloatPixelData) !== undefined;
  const isDouble = element(instance, Tag.DoubleFloatPixelData) !== undefined;
  const bitsAllocated = number(instance, Tag.BitsAllocated) ?? (isDouble ? 64 : isFloat ? 32 : 8);
  const bitsStored = number(instance, Tag.BitsStored) ?? bitsAllocated;
  return {
    rows,
    columns,
    samplesPerPixel: number(instance, Tag.SamplesPerPixel) ?? 1,
    photometricInterpretation: text(instance, Tag.PhotometricInterpretation) ?? "MONOCHROME2",
    bitsAllocated,
    bitsStored,
    highBit: number(instance, Tag.HighBit) ?? bitsStored - 1,
    isSigned: number(instance, Tag.PixelRepresentation) === 1,
    sampleKind: isDouble ? "double" : isFloat ? "float" : "integer",
    isPlanar: number(instance, Tag.PlanarConfiguration) === 1,
    numberOfFrames: 1,
  };
}

const tableTags =
  /^(00283000|0028110[123]|0028120[123]|0028122[123]|00280103)$/; /* modality LUT, palettes, and their sign */

function tablesOf(instance: DicomJson): DicomJson | undefined {
  const isPalette = text(instance, Tag.PhotometricInterpretation) === "PALETTE COLOR";
  if (!isPalette && instance[Tag.ModalityLUTSequence] === undefined) return undefined;
  return Object.fromEntries(Object.entries(instance).filter(([tag]) => tableTags.test(tag)));
}

function imageOf(frame: Frame, { pixels, components, least, most }: DecodedPixels): Types.IImage {
  const { rows, columns, pixelSize } = frame;
  const isColour = components > 1;
  const [window] = frame.windows;
  const width = window?.width ?? Math.max(1, most - least);
  const center = window?.center ?? least + width / 2;
  const image: Partial<Types.IImage> = {
    imageId: frame.imageId,
    minPixelValue: least,
    maxPixelValue: most,
    slope: 1,
    intercept: 0,
    windowCenter: isColour ? 128 : center,
    windowWidth: isColour ? 256 : width,
    voiLUTFunction: voiFunctionOf(frame),
    getPixelData: () => pixels,
    voxelManager: voxelsOf(pixels, columns, rows, components),
    rows,
    columns,
    height: rows,
    width: columns,
    color: isColour,
    rgba: components === 4,
    numberOfComponents: components,
    columnPixelSpacing: pixelSize.column,
    rowPixelSpacing: pixelSize.row,
    invert: text(frame.instance, Tag.PhotometricInterpretation) === "MONOCHROME1",
    sizeInBytes: pixels.byteLength,
    dataType: pixels.constructor.name as Types.PixelDataTypedArrayString,
    preScale: {
      enabled: true,
      scaled: true,
      scalingParameters: {
        modality: frame.modality,
        rescaleSlope: frame.rescale.slope,
        rescaleIntercept: frame.rescale.intercept,
        ...(frame.suvFactor === undefined ? {} : { suvbw: frame.suvFactor }),
      },
    },
    ...(frame.sliceThickness === undefined ? {} : { sliceThickness: frame.sliceThickness }),
    ...(frame.frameOfReferenceUid === undefined ? {} : { FrameOfReferenceUID: frame.frameOfReferenceUid }),
    imageFrame: {
      photometricInterpretation: isColour
        ? "RGB"
        : (text(frame.instance, Tag.PhotometricInterpretation) ?? "MONOCHROME2"),
    } as Types.IImageFrame,
  };
  return image as Types.IImage;
}

/** Asked for a value of slice 14, an image answers its own: tools count slices along the stack, images know only one. */
function voxelsOf(
  scalarData: Pixels,
  width: number,
  height: number,
  numberOfComponents: number,
): NonNullable<Types.IImage["voxelManager"]> {
  const voxels = utilities.VoxelManager.createImageVoxelManager({
    scalarData,
    width,
    height,
    numberOfComponents,
  });
  voxels.getAtIJKPoint = ([i, j]) => voxels.getAtIJK(i, j, 0) as number;
  return voxels;
}

function voiFunctionOf({ instance }: Frame): Enums.VOILUTFunctionType {
  const given = text(instance, Tag.VOILUTFunction);
  if (given === "SIGMOID") return Enums.VOILUTFunctionType.SAMPLED_SIGMOID;
  if (given === "LINEAR_EXACT") return Enums.VOILUTFunctionType.LINEAR_EXACT;
  return Enums.VOILUTFunctionType.LINEAR;
}
