/** Which directory record stands for an instance, and what it says of it (PS3.3 F.5). */

const sopClassPrefix = "1.2.840.10008.5.1.4.1.1.";

/** SOP classes by what follows the common prefix; the longest that fits decides, and images are the rest. */
const typeBySuffix: readonly (readonly [suffix: string, type: string])[] = [
  ["88.59", "KEY OBJECT DOC"],
  ["88", "SR DOCUMENT"],
  ["11", "PRESENTATION"],
  ["9", "WAVEFORM"],
  ["481.2", "RT DOSE"],
  ["481.3", "RT STRUCTURE SET"],
  ["481.5", "RT PLAN"],
  ["481.8", "RT PLAN"],
  ["481.4", "RT TREAT RECORD"],
  ["481.6", "RT TREAT RECORD"],
  ["481.7", "RT TREAT RECORD"],
  ["481.9", "RT TREAT RECORD"],
  ["104", "ENCAP DOC"],
  ["4.2", "SPECTROSCOPY"],
  ["66.1", "REGISTRATION"],
  ["66.3", "REGISTRATION"],
  ["66.2", "FIDUCIAL"],
  ["66.4", "IMAGE"],
  ["66.5", "SURFACE"],
  ["66.6", "TRACT"],
  ["66", "RAW DATA"],
  ["67", "VALUE MAP"],
  ["77.1.5.3", "STEREOMETRIC"],
  ["78", "MEASUREMENT"],
];

export function recordTypeOf(sopClassUid: string): string {
  if (!sopClassUid.startsWith(sopClassPrefix)) return "IMAGE";
  const suffix = sopClassUid.slice(sopClassPrefix.length);
  const found = typeBySuffix
    .filter(([prefix]) => suffix === prefix || suffix.startsWith(`${prefix}.`))
    .sort(([a], [b]) => b.length - a.length)[0];
  return found?.[1] ?? "IMAGE";
}

/** Keys by record type: required ones with their stand-in where the instance has no value, others as they are. */
export const recordKeys: Readonly<
  Record<string, { readonly required: Readonly<Record<string, string>>; readonly copied: readonly string[] }>
> = {
  PATIENT: { required: { PatientID: "" }, copied: ["PatientName", "PatientBirthDate", "PatientSex"] },
  STUDY: {
    required: { StudyDate: "", StudyTime: "", StudyInstanceUID: "", StudyID: "" },
    copied: ["StudyDescription", "AccessionNumber"],
  },
  SERIES: {
    required: { Modality: "OT", SeriesInstanceUID: "" },
    copied: ["SeriesNumber", "SeriesDescription"],
  },
  IMAGE: { required: {}, copied: ["InstanceNumber", "ImageType", "NumberOfFrames", "Rows", "Columns"] },
  "SR DOCUMENT": {
    required: { CompletionFlag: "PARTIAL", VerificationFlag: "UNVERIFIED", ContentDate: "", ContentTime: "" },
    copied: ["InstanceNumber", "VerificationDateTime", "ConceptNameCodeSequence"],
  },
  "KEY OBJECT DOC": {
    required: { ContentDate: "", ContentTime: "" },
    copied: ["InstanceNumber", "ConceptNameCodeSequence"],
  },
  PRESENTATION: {
    required: { PresentationCreationDate: "", PresentationCreationTime: "", ContentLabel: "UNLABELED" },
    copied: ["InstanceNumber", "ContentDescription", "ContentCreatorName", "ReferencedSeriesSequence"],
  },
  WAVEFORM: { required: { ContentDate: "", ContentTime: "" }, copied: ["InstanceNumber"] },
  "ENCAP DOC": {
    required: { MIMETypeOfEncapsulatedDocument: "application/octet-stream" },
    copied: [
      "InstanceNumber",
      "ContentDate",
      "ContentTime",
      "DocumentTitle",
      "HL7InstanceIdentifier",
      "ConceptNameCodeSequence",
    ],
  },
  "RT DOSE": { required: { DoseSummationType: "PLAN" }, copied: ["InstanceNumber", "DoseComment"] },
  "RT STRUCTURE SET": {
    required: { StructureSetLabel: "UNLABELED", StructureSetDate: "", StructureSetTime: "" },
    copied: ["InstanceNumber"],
  },
  "RT PLAN": {
    required: { RTPlanLabel: "UNLABELED", RTPlanDate: "", RTPlanTime: "" },
    copied: ["InstanceNumber"],
  },
};

export const otherKeys = {
  required: { ContentDate: "", ContentTime: "" },
  copied: ["InstanceNumber"],
} as const;
