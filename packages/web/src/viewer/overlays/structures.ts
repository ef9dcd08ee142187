/** RT structure sets (PS3.3 A.19): closed contours in the patient, drawn on the slices they lie in. */
import type { DicomJson } from "../../api/types.ts";
import { items, number, numbers, Tag, text } from "../../dicom/attributes.ts";
import type { Frame } from "../model/frame.ts";
import { difference, dot, type Vector } from "../model/geometry.ts";
import { imagePointOf } from "../measure/measurement.ts";
import { colours, type Overlay } from "./overlay.ts";

interface Contour {
  readonly points: readonly Vector[];
  readonly isClosed: boolean;
  readonly image: string | undefined;
}

export function structureOverlays(metadata: DicomJson): readonly Overlay[] {
  const uid = text(metadata, Tag.SOPInstanceUID) ?? "";
  const names = new Map(
    items(metadata, Tag.StructureSetROISequence).map((roi) => [
      number(roi, Tag.ROINumber),
      text(roi, Tag.ROIName),
    ]),
  );
  return items(metadata, Tag.ROIContourSequence).map((roi, index): Overlay => {
    const roiNumber = number(roi, Tag.ReferencedROINumber) ?? index + 1;
    const [red, green, blue] = numbers(roi, Tag.ROIDisplayColor);
    const colour =
      red === undefined || green === undefined || blue === undefined
        ? (colours[index % colours.length] ?? ([255, 255, 255] as const))
        : ([red, green, blue] as const);
    const contours = items(roi, Tag.ContourSequence).map(contourOf);
    return {
      id: `${uid}/${roiNumber}`,
      label: names.get(roiNumber) ?? `ROI ${roiNumber}`,
      colour,
      draw(context, frame, [a, b, c, d, e, f]) {
        context.lineWidth = 1.5 * devicePixelRatio;
        context.strokeStyle = `rgb(${colour.join(" ")})`;
        for (const contour of contours) {
          if (!isOn(contour, frame)) continue;
          context.beginPath();
          for (const point of contour.points) {
            const [column, row] = imagePointOf(point, frame);
            const [x, y] = [column + 0.5, row + 0.5];
            context.lineTo(a * x + c * y + e, b * x + d * y + f);
          }
          if (contour.isClosed) context.closePath();
          context.stroke();
        }
      },
    };
  });
}

function contourOf(contour: DicomJson): Contour {
  const data = numbers(contour, Tag.ContourData);
  const [image] = items(contour, Tag.ContourImageSequence);
  return {
    points: Array.from(
      { length: Math.floor(data.length / 3) },
      (_, at): Vector => [data[at * 3] ?? 0, data[at * 3 + 1] ?? 0, data[at * 3 + 2] ?? 0],
    ),
    isClosed: text(contour, Tag.ContourGeometricType)?.startsWith("CLOSED") === true,
    image: text(image, Tag.ReferencedSOPInstanceUID),
  };
}

/** On the slice it names, or in the half thickness to either side of one. */
function isOn({ points, image }: Contour, { plane, sopInstanceUid, sliceThickness }: Frame): boolean {
  const [first] = points;
  if (plane === undefined || first === undefined) return false;
  if (image !== undefined) return image === sopInstanceUid;
  return Math.abs(dot(difference(first, plane.position), plane.normal)) <= (sliceThickness ?? 1) / 2;
}
