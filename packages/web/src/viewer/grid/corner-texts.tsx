/** Who, what and how, in the corners of a picture. */
import { Tag, text as value } from "../../dicom/attributes.ts";
import { age, date, personName, time } from "../../format/dicom-text.ts";
import { useText } from "../../messages/use-text.ts";
import type { DisplaySet } from "../model/display-sets.ts";
import type { PaneView, PixelUnderPointer } from "./pane-view.ts";
import { valueUnit } from "./pane-view.ts";

export function CornerTexts({
  view,
  set,
  pixel,
  isKeyImage,
  loaded,
}: {
  readonly view: PaneView;
  readonly set: DisplaySet;
  readonly pixel: PixelUnderPointer | undefined;
  readonly isKeyImage: boolean;
  readonly loaded: number;
}) {
  const text = useText().viewer;
  const { frame, index, count, window, magnification } = view;
  const { instance } = frame;
  const name = personName(value(instance, Tag.PatientName));
  const birth = value(instance, Tag.PatientBirthDate);
  const studyDate = value(instance, Tag.StudyDate);
  const ratio = value(instance, Tag.LossyImageCompressionRatio);
  return (
    <>
      <div className="corner top left">
        <strong>
          <bdi>{name.main}</bdi> {name.other !== "" && <bdi>{name.other}</bdi>}
        </strong>
        <span>
          {[value(instance, Tag.PatientID), value(instance, Tag.PatientSex), age(birth, studyDate)]
            .filter(Boolean)
            .join(" · ")}
        </span>
        {isKeyImage && <span className="key-mark">★ {text.keyImage}</span>}
      </div>
      <div className="corner top right">
        <span>{value(instance, Tag.InstitutionName)}</span>
        <span>
          {date(studyDate)} {time(value(instance, Tag.AcquisitionTime) ?? value(instance, Tag.StudyTime))}
        </span>
        <span>{value(instance, Tag.StudyDescription)}</span>
      </div>
      <div className="corner bottom left">
        <span className="numeric" data-testid="slice">
          {text.image(index + 1, count)}
        </span>
        <span>{[set.modality, set.description].filter(Boolean).join(" · ")}</span>
        {frame.sliceThickness !== undefined && (
          <span>{text.thickness(String(Math.round(frame.sliceThickness * 100) / 100))}</span>
        )}
        {loaded > 0 && loaded < count && <span className="faint">{text.loaded(loaded, count)}</span>}
      </div>
      <div className="corner bottom right">
        {pixel !== undefined && (
          <span className="numeric" data-testid="pixel">
            {pixel.column}, {pixel.row}: {pixel.values.map((one) => Math.round(one * 100) / 100).join(", ")}{" "}
            {valueUnit(frame)}
          </span>
        )}
        {window !== undefined && (
          <span className="numeric">
            W {rounded(window.width)} L {rounded(window.center)}
          </span>
        )}
        <span className="numeric">{text.zoomOf(Math.round(magnification * 100))}</span>
        {frame.pixelSize.basis !== "patient" && (
          <span className="notice">{text.pixelSizes[frame.pixelSize.basis]}</span>
        )}
        {value(instance, Tag.LossyImageCompression) === "01" && (
          <span className="notice">
            {text.lossy} {ratio === undefined ? "" : `${Math.round(Number(ratio))}:1`}
          </span>
        )}
      </div>
    </>
  );
}

const rounded = (number: number): number =>
  Math.abs(number) >= 100 ? Math.round(number) : Math.round(number * 100) / 100;
