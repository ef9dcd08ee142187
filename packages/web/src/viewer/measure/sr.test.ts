import { decodePart10, toDicomJson, validate } from "@isocenter/dicom";
import { describe, expect, it } from "vitest";
import type { DicomJson } from "../../api/types.ts";
import { sliceJson } from "../../test/slices.ts";
import { framesOfInstance } from "../model/frame.ts";
import type { ImagePoint, Measurement } from "./measurement.ts";
import { keyObjectDocument, measurementReport } from "./sr-document.ts";
import { keyImagesIn, measurementsIn } from "./sr-read.ts";

const [frame] = framesOfInstance(sliceJson({ sop: "1.2.3.4" }), "");
const now = new Date(2026, 0, 2, 10, 20, 30);
const json = (file: Uint8Array): DicomJson => toDicomJson(decodePart10(file).dataSet) as DicomJson;

function measured(tool: Measurement["tool"], points: readonly ImagePoint[], label = ""): Measurement {
  if (frame === undefined) throw new Error("no frame");
  const values = [{ name: "length" as const, value: 12.345, unit: "mm" }];
  return {
    uid: "3f2a7c1e-5b1d-4c63-9d8b-0a1b2c3d4e5f",
    tool,
    frame,
    label,
    points,
    values: tool === "arrow" ? [] : values,
    reportUid: undefined,
  };
}

describe("measurement reports", () => {
  const shapes: readonly (readonly [Measurement["tool"], readonly ImagePoint[]])[] = [
    [
      "length",
      [
        [1, 2],
        [30, 40.5],
      ],
    ],
    [
      "angle",
      [
        [1, 2],
        [3, 4],
        [5, 9],
      ],
    ],
    [
      "cobb",
      [
        [1, 2],
        [3, 4],
        [5, 9],
        [8, 8],
      ],
    ],
    [
      "bidirectional",
      [
        [1, 2],
        [9, 4],
        [5, 9],
        [8, 1],
      ],
    ],
    [
      "rectangle",
      [
        [2, 2],
        [20, 2],
        [2, 12],
        [20, 12],
      ],
    ],
    [
      "ellipse",
      [
        [2, 9],
        [20, 9],
        [11, 2],
        [11, 16],
      ],
    ],
    [
      "freehand",
      [
        [2, 9],
        [20, 9],
        [11, 2],
      ],
    ],
    ["probe", [[7, 8]]],
    [
      "arrow",
      [
        [7, 8],
        [20, 30],
      ],
    ],
  ];
  it.each(shapes)("keep a %s: its points, its name and its number", (tool, points) => {
    const { file, sopInstanceUid } = measurementReport([measured(tool, points, "Lesion 1")], now);
    const document = json(file);
    expect(document["00080018"]?.Value).toEqual([sopInstanceUid]);
    const [read, ...others] = measurementsIn(document);
    expect(others).toEqual([]);
    expect(read).toMatchObject({ tool, label: "Lesion 1", sopInstanceUid: "1.2.3.4", frameNumber: 1 });
    expect(read?.points).toEqual(points);
    expect(read?.uid).toMatch(/^2\.25\.\d+$/);
  });
  it("are objects without errors, of the same patient and study", () => {
    const { file } = measurementReport(
      [
        measured("length", [
          [1, 2],
          [3, 4],
        ]),
      ],
      now,
    );
    const { dataSet } = decodePart10(file);
    expect(validate(dataSet).filter(({ severity }) => severity === "error")).toEqual([]);
    expect(dataSet.string("StudyInstanceUID")).toBe("1.2.3");
    expect(dataSet.string("PatientName")).toBe("Doe^Jane");
    expect(dataSet.string("ContentDate")).toBe("20260102");
  });
  it("of others are read as far as they say where something is", () => {
    const document = json(
      measurementReport(
        [
          measured("length", [
            [1, 2],
            [3, 4],
          ]),
        ],
        now,
      ).file,
    );
    const foreign = JSON.parse(JSON.stringify(document).replace("isocenter:length", "Lesion A")) as DicomJson;
    expect(measurementsIn(foreign)).toMatchObject([{ tool: "length", label: "Lesion A" }]);
    expect(measurementsIn({})).toEqual([]);
  });
});

describe("key objects", () => {
  it("select the images they were made of", () => {
    if (frame === undefined) throw new Error("no frame");
    const { file } = keyObjectDocument([frame, frame], now);
    expect(keyImagesIn(json(file))).toEqual(["1.2.3.4"]);
    expect(validate(decodePart10(file).dataSet).filter(({ severity }) => severity === "error")).toEqual([]);
  });
});
