/** `isocenter transcode`: files in another transfer syntax. */
import { join } from "node:path";
import { transcode as transcodePixels } from "@isocenter/codecs";
import { integerOption, type OptionSpecs, parseArguments } from "../arguments.ts";
import type { Command } from "../command.ts";
import { forEachFile, withWholeFile, writeDicom } from "../files.ts";
import { transferSyntaxNamed, transferSyntaxNames } from "../transfer-syntaxes.ts";
import { UsageError } from "../usage-error.ts";

const options = {
  to: {
    names: ["-t", "--to"],
    value: "SYNTAX",
    help: `${Object.keys(transferSyntaxNames).join(", ")}, or a UID.`,
  },
  folder: { names: ["-od", "--output-directory"], value: "DIR", help: "Where to write." },
  quality: {
    names: ["-q", "--quality"],
    value: "N",
    help: "Of jpeg, 1 to 100 (default 90). Lossy: the files say so afterwards.",
  },
} as const satisfies OptionSpecs;

export const transcode: Command = {
  name: "transcode",
  summary: "Compress and decompress DICOM files.",
  usage: "FILE|FOLDER… -t SYNTAX -od DIR",
  options,
  examples: [
    {
      line: "isocenter transcode ./study -t explicit -od ./plain",
      explains: "uncompressed, for tools that need it",
    },
    { line: "isocenter transcode ./study -t htj2k -od ./small", explains: "lossless and small" },
  ],
  async run(argv, io) {
    const { options: given, operands } = parseArguments(options, argv);
    if (operands.length === 0) throw new UsageError("Name the files.");
    if (given.to === undefined) throw new UsageError("Say which transfer syntax with -t.");
    const { folder } = given;
    if (folder === undefined) throw new UsageError("Say where to write with -od.");
    const target = transferSyntaxNamed(given.to);
    const quality =
      given.quality === undefined ? {} : { quality: integerOption("--quality", given.quality, 1, 100) };
    return forEachFile(operands, io, "transcoded", ({ path, relativePath }, claim) =>
      withWholeFile(path, async ({ dataSet, meta, transferSyntaxUid }) => {
        const transcoded = await transcodePixels(dataSet, transferSyntaxUid, target, quality);
        await writeDicom(claim(join(folder, relativePath)), {
          dataSet: transcoded,
          meta,
          transferSyntaxUid: target,
        });
      }),
    );
  },
};
