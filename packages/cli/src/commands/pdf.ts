/** `isocenter pdf`: documents out of and into DICOM. */
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DataSet, type InitValue, newUid, TransferSyntax } from "@isocenter/dicom";
import { type OptionSpecs, parseArguments } from "../arguments.ts";
import { type Command, ExitCode } from "../command.ts";
import { applyEdits, parseEdit } from "../edits.ts";
import { forEachFile, withWholeFile, writeChunks, writeDicom } from "../files.ts";
import { UsageError } from "../usage-error.ts";

const options = {
  folder: {
    names: ["-od", "--output-directory"],
    value: "DIR",
    help: "Where to write (default: the current folder).",
  },
  wrap: { names: ["--wrap"], help: "The other way: PDF files into DICOM." },
  like: {
    names: ["--like"],
    value: "FILE",
    help: "With --wrap: an image whose patient and study the document belongs to.",
  },
  set: {
    names: ["-m", "--modify"],
    value: "KEY=VALUE",
    repeatable: true,
    help: "With --wrap: set an element.",
  },
} as const satisfies OptionSpecs;

const encapsulatedPdf = "1.2.840.10008.5.1.4.1.1.104.1";

export const pdf: Command = {
  name: "pdf",
  summary: "Take PDF documents out of DICOM files, or put them in.",
  usage: "FILE|FOLDER… [options]",
  options,
  examples: [
    { line: "isocenter pdf report.dcm", explains: "report.pdf" },
    {
      line: "isocenter pdf --wrap letter.pdf --like image.dcm -m DocumentTitle=Letter",
      explains: "letter.dcm, in the image's study",
    },
  ],
  async run(argv, io) {
    const { options: given, operands } = parseArguments(options, argv);
    if (operands.length === 0) throw new UsageError("Name the files.");
    const folder = given.folder ?? ".";
    if (given.wrap) {
      const edits = given.set.map(parseEdit);
      const like =
        given.like === undefined
          ? DataSet.of({})
          : await withWholeFile(given.like, ({ dataSet }) => Promise.resolve(dataSet));
      for (const path of operands) {
        const dataSet = applyEdits(wrapped(await readFile(path), like), edits);
        const target = join(folder, `${basename(path).replace(/\.pdf$/i, "")}.dcm`);
        await writeDicom(target, { dataSet, transferSyntaxUid: TransferSyntax.ExplicitVRLittleEndian });
      }
      return ExitCode.Success;
    }
    return forEachFile(operands, io, "extracted", ({ path, relativePath }, claim) =>
      withWholeFile(path, async ({ dataSet }) => {
        const document = dataSet.bytes("EncapsulatedDocument");
        if (document === undefined) throw new Error("There is no document in it.");
        const length = dataSet.number("EncapsulatedDocumentLength") ?? document.byteLength;
        const isPdf =
          (dataSet.string("MIMETypeOfEncapsulatedDocument") ?? "application/pdf") === "application/pdf";
        const name = basename(path).replace(/\.dcm$/i, "") + (isPdf ? ".pdf" : ".bin");
        await writeChunks(claim(join(folder, dirname(relativePath), name)), [document.subarray(0, length)]);
      }),
    );
  },
};

const copied = [
  "SpecificCharacterSet",
  "PatientName",
  "PatientID",
  "PatientBirthDate",
  "PatientSex",
  "StudyInstanceUID",
  "StudyDate",
  "StudyTime",
  "StudyID",
  "AccessionNumber",
  "ReferringPhysicianName",
  "StudyDescription",
];

/** The Encapsulated PDF IOD, PS3.3 A.45.1. */
function wrapped(document: Uint8Array, like: DataSet): DataSet {
  if (!Buffer.from(document.subarray(0, 5)).equals(Buffer.from("%PDF-")))
    throw new UsageError("That is not a PDF file.");
  const now = new Date();
  const date = now.toISOString().slice(0, 10).replaceAll("-", "");
  const time = now.toISOString().slice(11, 19).replaceAll(":", "");
  const empty: Record<string, InitValue> = Object.fromEntries(copied.map((keyword) => [keyword, ""]));
  const fresh = DataSet.of({
    ...empty,
    SpecificCharacterSet: "ISO_IR 192",
    StudyInstanceUID: newUid(),
    SOPClassUID: encapsulatedPdf,
    SOPInstanceUID: newUid(),
    SeriesInstanceUID: newUid(),
    Modality: "DOC",
    ConversionType: "WSD",
    Manufacturer: "",
    SeriesNumber: 1,
    InstanceNumber: 1,
    ContentDate: date,
    ContentTime: time,
    AcquisitionDateTime: "",
    BurnedInAnnotation: "YES",
    DocumentTitle: "",
    ConceptNameCodeSequence: null,
    MIMETypeOfEncapsulatedDocument: "application/pdf",
    EncapsulatedDocumentLength: document.byteLength,
    EncapsulatedDocument: document,
  });
  const elements = copied.flatMap((keyword) => like.element(keyword) ?? []);
  return elements.length === 0 ? fresh : fresh.merge(DataSet.fromElements(elements));
}
