/** `isocenter image`: frames as PNG or JPEG. */
import { basename, dirname, join } from "node:path";
import { decodeFrame, encodeFrame, type RenderedFrame, renderFrame, type Window } from "@isocenter/codecs";
import { framesOf } from "@isocenter/dicom";
import { integerOption, type OptionSpecs, parseArguments } from "../arguments.ts";
import type { Command } from "../command.ts";
import { forEachFile, withWholeFile, writeChunks } from "../files.ts";
import { encodePng } from "../png.ts";
import { UsageError } from "../usage-error.ts";

const options = {
  folder: {
    names: ["-od", "--output-directory"],
    value: "DIR",
    help: "Where to write (default: the current folder).",
  },
  format: { names: ["-f", "--format"], value: "FORMAT", help: "png (default) or jpeg." },
  frame: { names: ["--frame"], value: "N", help: "Only this frame, from 1 (default: the first)." },
  all: { names: ["--all-frames"], help: "Every frame." },
  window: { names: ["-w", "--window"], value: "CENTER/WIDTH", help: "Instead of the image's own window." },
  quality: { names: ["-q", "--quality"], value: "N", help: "Of jpeg, 1 to 100 (default 90)." },
} as const satisfies OptionSpecs;

export const image: Command = {
  name: "image",
  summary: "Make PNG or JPEG pictures of DICOM images.",
  usage: "FILE|FOLDER… [options]",
  description:
    "With modality and VOI LUTs, windows, palettes and overlays. Pictures are for looking at, not for diagnosis.",
  options,
  examples: [
    { line: "isocenter image slice.dcm", explains: "slice.png, by its own window" },
    { line: "isocenter image ct.dcm -w 40/400 -f jpeg -od ./pictures", explains: "soft tissue" },
  ],
  async run(argv, io) {
    const { options: given, operands } = parseArguments(options, argv);
    if (operands.length === 0) throw new UsageError("Name the files.");
    const format = given.format ?? "png";
    if (format !== "png" && format !== "jpeg")
      throw new UsageError(`"${format}" is not a format: use png or jpeg.`);
    const window = given.window === undefined ? undefined : parseWindow(given.window);
    const quality = given.quality === undefined ? 90 : integerOption("--quality", given.quality, 1, 100);
    const only = given.frame === undefined ? 0 : integerOption("--frame", given.frame, 1, 2 ** 31) - 1;
    return forEachFile(operands, io, "rendered", ({ path, relativePath }, claim) =>
      withWholeFile(path, async ({ dataSet, transferSyntaxUid }) => {
        const frames = framesOf(dataSet, transferSyntaxUid);
        const { numberOfFrames } = frames.description;
        const indexes = given.all ? Array.from({ length: numberOfFrames }, (_, index) => index) : [only];
        for (const index of indexes) {
          const decoded = await decodeFrame(frames, transferSyntaxUid, index);
          const rendered = renderFrame(decoded, dataSet, {
            frame: index,
            ...(window === undefined ? {} : { window }),
          });
          const name =
            basename(path).replace(/\.dcm$/i, "") + (given.all && numberOfFrames > 1 ? `-${index + 1}` : "");
          const folder = join(given.folder ?? ".", dirname(relativePath));
          const target = claim(join(folder, `${name}.${format === "png" ? "png" : "jpg"}`));
          const bytes =
            format === "png"
              ? encodePng(rendered.width, rendered.height, rendered.rgba)
              : await jpeg(rendered, quality);
          await writeChunks(target, [bytes]);
        }
      }),
    );
  },
};

function jpeg({ width, height, rgba }: RenderedFrame, quality: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel++)
    bytes.set(rgba.subarray(pixel * 4, pixel * 4 + 3), pixel * 3);
  const frame = {
    rows: height,
    columns: width,
    samplesPerPixel: 3,
    bytesPerSample: 1,
    isSigned: false,
    sampleKind: "integer",
    bitsStored: 8,
    photometricInterpretation: "RGB",
    bytes,
  } as const;
  return encodeFrame(frame, "1.2.840.10008.1.2.4.50", { quality });
}

function parseWindow(text: string): Window {
  const [center, width] = text.split("/").map(Number);
  if (center === undefined || width === undefined || !Number.isFinite(center) || !(width > 0)) {
    throw new UsageError(`"${text}" is not a window: write CENTER/WIDTH, for example 40/400.`);
  }
  return { center, width };
}
