/** Images with known distances and values, made for a test. */
import { DataSet, type DataSetInit, encodePart10, newUid, TransferSyntax } from "@isocenter/dicom";

export interface PhantomOptions {
  readonly modality?: string;
  readonly slices?: number;
  readonly rows?: number;
  readonly columns?: number;
  /** Between rows and between columns, mm; null for an image that has none. */
  readonly pixelSpacing?: readonly [number, number] | null;
  readonly sliceSpacing?: number;
  readonly slope?: number;
  readonly intercept?: number;
  readonly patientName?: string;
  readonly patientId?: string;
  readonly description?: string;
  /** Stored value of a pixel. */
  readonly value: (column: number, row: number, slice: number) => number;
  readonly attributes?: Readonly<Record<string, unknown>>;
}

export interface Phantom {
  readonly studyUid: string;
  readonly seriesUid: string;
  readonly sopUids: readonly string[];
  readonly files: readonly Uint8Array[];
}

const sopClasses: Readonly<Record<string, string>> = {
  CT: "1.2.840.10008.5.1.4.1.1.2",
  MR: "1.2.840.10008.5.1.4.1.1.4",
  CR: "1.2.840.10008.5.1.4.1.1.1",
  OT: "1.2.840.10008.5.1.4.1.1.7",
};

export function phantom(options: PhantomOptions): Phantom {
  const {
    modality = "CT",
    slices = 1,
    rows = 256,
    columns = 256,
    pixelSpacing = [1, 1],
    sliceSpacing = 1,
    slope = 1,
    intercept = -1024,
    patientName = "Phantom^Ruler",
    patientId = "PHANTOM-1",
    description = "Phantom",
  } = options;
  const [studyUid, seriesUid, frameOfReference] = [newUid(), newUid(), newUid()];
  const sopUids: string[] = [];
  const files = Array.from({ length: slices }, (_, slice) => {
    const sop = newUid();
    sopUids.push(sop);
    const pixels = new Uint16Array(rows * columns);
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        pixels[row * columns + column] = options.value(column, row, slice);
    const hasPlane = modality === "CT" || modality === "MR";
    const dataSet = DataSet.of({
      SpecificCharacterSet: "ISO_IR 192",
      SOPClassUID: sopClasses[modality] ?? sopClasses["OT"],
      SOPInstanceUID: sop,
      StudyDate: "20260102",
      StudyTime: "101500",
      AccessionNumber: "",
      Modality: modality,
      PatientName: patientName,
      PatientID: patientId,
      PatientBirthDate: "19700101",
      PatientSex: "O",
      StudyInstanceUID: studyUid,
      SeriesInstanceUID: seriesUid,
      StudyID: "1",
      StudyDescription: description,
      SeriesDescription: description,
      SeriesNumber: 1,
      InstanceNumber: slice + 1,
      SamplesPerPixel: 1,
      PhotometricInterpretation: "MONOCHROME2",
      Rows: rows,
      Columns: columns,
      BitsAllocated: 16,
      BitsStored: 12,
      HighBit: 11,
      PixelRepresentation: 0,
      WindowCenter: "40",
      WindowWidth: "400",
      RescaleSlope: String(slope),
      RescaleIntercept: String(intercept),
      ...(pixelSpacing === null ? {} : { PixelSpacing: pixelSpacing.map(String) }),
      ...(hasPlane
        ? {
            SliceThickness: String(sliceSpacing),
            ImagePositionPatient: ["-60", "-70", String(slice * sliceSpacing)],
            ImageOrientationPatient: ["1", "0", "0", "0", "1", "0"],
            FrameOfReferenceUID: frameOfReference,
          }
        : {}),
      PixelData: { vr: "OW", value: new Uint8Array(pixels.buffer) },
      ...options.attributes,
    } as DataSetInit);
    return encodePart10({ dataSet, transferSyntaxUid: TransferSyntax.ExplicitVRLittleEndian });
  });
  return { studyUid, seriesUid, sopUids, files };
}

/** Stores files by STOW-RS. */
export async function stow(http: string, files: readonly Uint8Array[]): Promise<void> {
  const boundary = "phantom-boundary";
  const encoder = new TextEncoder();
  const parts = files.flatMap((file) => [
    encoder.encode(`--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`),
    file,
    encoder.encode("\r\n"),
  ]);
  const response = await fetch(`${http}/dicom-web/studies`, {
    method: "POST",
    headers: { "content-type": `multipart/related; type="application/dicom"; boundary=${boundary}` },
    body: new Blob([...parts, encoder.encode(`--${boundary}--\r\n`)] as BlobPart[]),
  });
  if (!response.ok) throw new Error(`STOW answered ${response.status}: ${await response.text()}`);
}
