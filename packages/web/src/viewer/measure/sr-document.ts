/**
 * Documents that this page writes: measurements as an SR of TID 1500, key images as a Key Object Selection. They go into
 * the study that they are of, each in a series of its own.
 */
import { DataSet, type DataSetInit, encodePart10, newUid, TransferSyntax } from "@isocenter/dicom";
import { Tag, text } from "../../dicom/attributes.ts";
import type { MeasureTool } from "../engine/tool-names.ts";
import type { Frame } from "../model/frame.ts";
import type { ImagePoint, Measurement } from "./measurement.ts";
import { type Code, codes, conceptOf, unitCode } from "./sr-codes.ts";

export interface MadeDocument {
  readonly sopInstanceUid: string;
  readonly file: Uint8Array;
}

const comprehensive3dSr = "1.2.840.10008.5.1.4.1.1.88.34";
const keyObjectSelection = "1.2.840.10008.5.1.4.1.1.88.59";
/** Names this program as an observer, always the same. */
const deviceUid = "2.25.157483716247821306713417349283742134901";

/** @param measurements of one study, at least one */
export function measurementReport(measurements: readonly Measurement[], now: Date): MadeDocument {
  const content: DataSetInit[] = [
    codeItem("HAS CONCEPT MOD", codes.language, codes.english),
    codeItem("HAS OBS CONTEXT", codes.observerType, codes.device),
    { ...item("HAS OBS CONTEXT", "UIDREF", codes.deviceUid), UID: deviceUid },
    { ...item("HAS OBS CONTEXT", "TEXT", codes.deviceName), TextValue: "Isocenter" },
    codeItem("HAS CONCEPT MOD", codes.procedure, codes.imaging),
    {
      ...item("CONTAINS", "CONTAINER", codes.imageLibrary),
      ContinuityOfContent: "SEPARATE",
      ContentSequence: [
        {
          ...item("CONTAINS", "CONTAINER", codes.libraryGroup),
          ContinuityOfContent: "SEPARATE",
          ContentSequence: distinctFrames(measurements.map(({ frame }) => frame)).map((frame) => ({
            ...imageReference(frame),
            RelationshipType: "CONTAINS",
          })),
        },
      ],
    },
    {
      ...item("CONTAINS", "CONTAINER", codes.measurements),
      ContinuityOfContent: "SEPARATE",
      ContentSequence: measurements.map(groupOf),
    },
  ];
  return documentOf(
    measurements.map(({ frame }) => frame),
    now,
    {
      SOPClassUID: comprehensive3dSr,
      Modality: "SR",
      SeriesDescription: "Measurements",
      SeriesNumber: 9001,
      ConceptNameCodeSequence: [coded(codes.report)],
      ContentTemplateSequence: [{ MappingResource: "DCMR", TemplateIdentifier: "1500" }],
      CompletionFlag: "COMPLETE",
      VerificationFlag: "UNVERIFIED",
      PerformedProcedureCodeSequence: [],
      ContentSequence: content,
    },
  );
}

/** @param frames of one study, at least one */
export function keyObjectDocument(frames: readonly Frame[], now: Date): MadeDocument {
  return documentOf(frames, now, {
    SOPClassUID: keyObjectSelection,
    Modality: "KO",
    SeriesDescription: "Key images",
    SeriesNumber: 9002,
    ConceptNameCodeSequence: [coded(codes.keyObjects)],
    ContentTemplateSequence: [{ MappingResource: "DCMR", TemplateIdentifier: "2010" }],
    ContentSequence: distinctFrames(frames).map((frame) => ({
      ...imageReference(frame),
      RelationshipType: "CONTAINS",
    })),
  });
}

function documentOf(frames: readonly Frame[], now: Date, own: Record<string, unknown>): MadeDocument {
  const [first] = frames;
  if (first === undefined) throw new Error("A document needs an image to be of.");
  const { instance } = first;
  const sopInstanceUid = newUid();
  const [date, time] = [dateOf(now), timeOf(now)];
  const patient: Record<string, string> = {
    PatientName: text(instance, Tag.PatientName) ?? "",
    PatientID: text(instance, Tag.PatientID) ?? "",
    PatientBirthDate: text(instance, Tag.PatientBirthDate) ?? "",
    PatientSex: text(instance, Tag.PatientSex) ?? "",
    StudyDate: text(instance, Tag.StudyDate) ?? "",
    StudyTime: text(instance, Tag.StudyTime) ?? "",
    StudyID: text(instance, Tag.StudyID) ?? "",
    AccessionNumber: text(instance, Tag.AccessionNumber) ?? "",
    ReferringPhysicianName: text(instance, Tag.ReferringPhysicianName) ?? "",
    StudyDescription: text(instance, Tag.StudyDescription) ?? "",
  };
  const dataSet = DataSet.of({
    SpecificCharacterSet: "ISO_IR 192",
    ...patient,
    StudyInstanceUID: first.studyInstanceUid,
    SeriesInstanceUID: newUid(),
    SOPInstanceUID: sopInstanceUid,
    InstanceNumber: 1,
    SeriesDate: date,
    SeriesTime: time,
    ContentDate: date,
    ContentTime: time,
    Manufacturer: "Isocenter",
    ManufacturerModelName: "Isocenter workstation",
    DeviceSerialNumber: "0",
    SoftwareVersions: "0.1.0",
    ReferencedPerformedProcedureStepSequence: [],
    ValueType: "CONTAINER",
    ContinuityOfContent: "SEPARATE",
    CurrentRequestedProcedureEvidenceSequence: evidenceOf(frames),
    ...own,
  } as DataSetInit);
  const file = encodePart10({ dataSet, transferSyntaxUid: TransferSyntax.ExplicitVRLittleEndian });
  return { sopInstanceUid, file };
}

function groupOf(measurement: Measurement): DataSetInit {
  const { uid, tool, label, values } = measurement;
  const graphic = coordinatesOf(measurement);
  const numbers = values.map((value): DataSetInit => {
    const [concept, derivation] = conceptOf(measurement, value);
    return {
      ...item("CONTAINS", "NUM", concept),
      MeasuredValueSequence: [
        { NumericValue: decimal(value.value), MeasurementUnitsCodeSequence: [coded(unitCode(value.unit))] },
      ],
      ContentSequence: [
        ...(derivation === undefined ? [] : [codeItem("HAS CONCEPT MOD", codes.derivation, derivation)]),
        { ...graphic, RelationshipType: "INFERRED FROM" },
      ],
    };
  });
  return {
    ...item("CONTAINS", "CONTAINER", codes.group),
    ContinuityOfContent: "SEPARATE",
    ContentSequence: [
      { ...item("HAS OBS CONTEXT", "TEXT", codes.trackingId), TextValue: `${trackingPrefix}${tool}` },
      { ...item("HAS OBS CONTEXT", "UIDREF", codes.trackingUid), UID: uidOf(uid) },
      ...(label === "" ? [] : [{ ...item("CONTAINS", "TEXT", codes.comment), TextValue: label }]),
      // What has no number (an arrow) still has its place.
      ...(numbers.length > 0 ? numbers : [{ ...graphic, RelationshipType: "CONTAINS" }]),
    ],
  } as DataSetInit;
}

export const trackingPrefix = "isocenter:";

/** How each tool's points are written (PS3.3 C.18.6.1.2). */
const graphicTypes: Readonly<Record<MeasureTool, string>> = {
  length: "POLYLINE",
  angle: "POLYLINE",
  cobb: "POLYLINE",
  bidirectional: "POLYLINE",
  rectangle: "POLYLINE",
  ellipse: "ELLIPSE",
  freehand: "POLYLINE",
  probe: "POINT",
  arrow: "POLYLINE",
};

function coordinatesOf({ tool, points, frame }: Measurement): DataSetInit {
  return {
    ValueType: "SCOORD",
    ConceptNameCodeSequence: [coded(codes.imageRegion)],
    GraphicType: graphicTypes[tool],
    // There the corner of the first pixel is 0\0, and its centre 0.5\0.5.
    GraphicData: drawn(tool, points).flatMap(([column, row]) => [column + 0.5, row + 0.5]),
    ContentSequence: [{ ...imageReference(frame), RelationshipType: "SELECTED FROM" }],
  } as DataSetInit;
}

/** Closed outlines end where they begin; a rectangle's corners go round; an ellipse's longer axis comes first. */
function drawn(tool: MeasureTool, points: readonly ImagePoint[]): readonly ImagePoint[] {
  const [a, b, c, d] = points;
  if (tool === "freehand" && a !== undefined) return [...points, a];
  if (a === undefined || b === undefined || c === undefined || d === undefined) return points;
  if (tool === "rectangle") return [a, b, d, c, a];
  if (tool === "ellipse") {
    const isLonger = Math.hypot(a[0] - b[0], a[1] - b[1]) >= Math.hypot(c[0] - d[0], c[1] - d[1]);
    return isLonger ? [a, b, c, d] : [c, d, a, b];
  }
  return points;
}

function imageReference({ sopClassUid, sopInstanceUid, frameNumber, frameCount }: Frame): DataSetInit {
  return {
    ValueType: "IMAGE",
    ReferencedSOPSequence: [
      {
        ReferencedSOPClassUID: sopClassUid,
        ReferencedSOPInstanceUID: sopInstanceUid,
        ...(frameCount > 1 ? { ReferencedFrameNumber: frameNumber } : {}),
      },
    ],
  } as DataSetInit;
}

function evidenceOf(frames: readonly Frame[]): DataSetInit[] {
  const series = new Map<string, Map<string, string>>();
  for (const { seriesInstanceUid, sopInstanceUid, sopClassUid } of frames) {
    const instances = series.get(seriesInstanceUid) ?? new Map<string, string>();
    series.set(seriesInstanceUid, instances.set(sopInstanceUid, sopClassUid));
  }
  return [
    {
      StudyInstanceUID: frames[0]?.studyInstanceUid ?? "",
      ReferencedSeriesSequence: [...series].map(([uid, instances]) => ({
        SeriesInstanceUID: uid,
        ReferencedSOPSequence: [...instances].map(([sop, sopClass]) => ({
          ReferencedSOPClassUID: sopClass,
          ReferencedSOPInstanceUID: sop,
        })),
      })),
    } as DataSetInit,
  ];
}

function distinctFrames(frames: readonly Frame[]): readonly Frame[] {
  return [...new Map(frames.map((frame) => [frame.imageId, frame])).values()];
}

function item(relationship: string, type: string, concept: Code): DataSetInit {
  return {
    RelationshipType: relationship,
    ValueType: type,
    ConceptNameCodeSequence: [coded(concept)],
  } as DataSetInit;
}

function codeItem(relationship: string, concept: Code, value: Code): DataSetInit {
  return { ...item(relationship, "CODE", concept), ConceptCodeSequence: [coded(value)] } as DataSetInit;
}

const coded = ({ value, scheme, meaning }: Code): DataSetInit => ({
  CodeValue: value,
  CodingSchemeDesignator: scheme,
  CodeMeaning: meaning,
});

/** A decimal string holds 16 characters. */
const decimal = (value: number): string => String(Number(value.toPrecision(9))).slice(0, 16);

/** The library's ids are UUIDs, whose UIDs are their numbers under 2.25 (PS3.5 B.2). */
function uidOf(uuid: string): string {
  if (/^[0-9.]+$/.test(uuid)) return uuid;
  const hex = uuid.replaceAll("-", "");
  return /^[0-9a-f]{32}$/i.test(hex) ? `2.25.${BigInt(`0x${hex}`)}` : newUid();
}

const two = (value: number): string => String(value).padStart(2, "0");
const dateOf = (now: Date): string => `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
const timeOf = (now: Date): string =>
  `${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
