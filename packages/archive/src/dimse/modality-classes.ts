/**
 * SOP classes that a modality's studies are made of, for a PACS that tells modalities and no SOP classes. It need not be
 * complete: what is missing here is offered when the first attempt says that instances did not come.
 */
import { SopClass } from "@isocenter/dicom";

const byModality: Readonly<Record<string, readonly string[]>> = {
  CT: [
    SopClass.CTImageStorage,
    SopClass.EnhancedCTImageStorage,
    SopClass.LegacyConvertedEnhancedCTImageStorage,
  ],
  MR: [
    SopClass.MRImageStorage,
    SopClass.EnhancedMRImageStorage,
    SopClass.MRSpectroscopyStorage,
    SopClass.EnhancedMRColorImageStorage,
    SopClass.LegacyConvertedEnhancedMRImageStorage,
  ],
  CR: [SopClass.ComputedRadiographyImageStorage],
  DX: [SopClass.DigitalXRayImageStorageForPresentation, SopClass.DigitalXRayImageStorageForProcessing],
  MG: [
    SopClass.DigitalMammographyXRayImageStorageForPresentation,
    SopClass.DigitalMammographyXRayImageStorageForProcessing,
    SopClass.BreastTomosynthesisImageStorage,
  ],
  US: [
    SopClass.UltrasoundImageStorage,
    SopClass.UltrasoundMultiFrameImageStorage,
    SopClass.EnhancedUSVolumeStorage,
    SopClass.UltrasoundImageStorageRetired,
    SopClass.UltrasoundMultiFrameImageStorageRetired,
  ],
  XA: [
    SopClass.XRayAngiographicImageStorage,
    SopClass.EnhancedXAImageStorage,
    SopClass.XRay3DAngiographicImageStorage,
  ],
  RF: [SopClass.XRayRadiofluoroscopicImageStorage, SopClass.EnhancedXRFImageStorage],
  NM: [SopClass.NuclearMedicineImageStorage],
  PT: [SopClass.PositronEmissionTomographyImageStorage, SopClass.EnhancedPETImageStorage],
  RTSTRUCT: [SopClass.RTStructureSetStorage],
  RTPLAN: [SopClass.RTPlanStorage, SopClass.RTIonPlanStorage],
  RTDOSE: [SopClass.RTDoseStorage],
  RTIMAGE: [SopClass.RTImageStorage],
  SEG: [SopClass.SegmentationStorage],
  ES: [SopClass.VLEndoscopicImageStorage, SopClass.VideoEndoscopicImageStorage],
  SM: [SopClass.VLWholeSlideMicroscopyImageStorage],
  GM: [SopClass.VLMicroscopicImageStorage],
  XC: [SopClass.VLPhotographicImageStorage, SopClass.VideoPhotographicImageStorage],
  OP: [SopClass.OphthalmicPhotography8BitImageStorage, SopClass.OphthalmicPhotography16BitImageStorage],
  OPT: [SopClass.OphthalmicTomographyImageStorage],
  ECG: [SopClass.TwelveLeadECGWaveformStorage, SopClass.GeneralECGWaveformStorage],
};

/** What any study may have beside its images. */
const beside: readonly string[] = [
  SopClass.SecondaryCaptureImageStorage,
  SopClass.GrayscaleSoftcopyPresentationStateStorage,
  SopClass.KeyObjectSelectionDocumentStorage,
  SopClass.BasicTextSRStorage,
  SopClass.EnhancedSRStorage,
  SopClass.ComprehensiveSRStorage,
  SopClass.XRayRadiationDoseSRStorage,
  SopClass.EncapsulatedPDFStorage,
];

/** Empty when nothing is known of one of the modalities. */
export function sopClassesOfModalities(modalities: Iterable<string>): readonly string[] {
  const classes: string[] = [];
  for (const modality of modalities) {
    if (["SR", "PR", "KO", "DOC", "OT", "SC"].includes(modality)) continue;
    const known = byModality[modality];
    if (known === undefined) return [];
    classes.push(...known);
  }
  return [...classes, ...beside];
}
