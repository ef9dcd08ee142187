/** What the peer accepts in negotiation: services, storage classes, syntaxes, windows. Nothing is asked of it but that. */
import { SopClass, storageSopClasses, transferSyntaxInfo, uidName } from "@isocenter/dicom";
import { NetworkError } from "../errors.ts";
import { maximumContexts } from "../negotiation/propose.ts";
import type { PresentationContextNegotiated } from "../negotiation/types.ts";
import {
  ModalityPerformedProcedureStep,
  ModalityWorklistFind,
  PatientRootFind,
  PatientRootGet,
  PatientRootMove,
  PatientStudyOnlyFind,
  StorageCommitmentPushModel,
  StudyRootFind,
  StudyRootGet,
  StudyRootMove,
  Verification,
} from "../services/models.ts";
import { type Examination, plain, type Titles } from "./examination.ts";
import type { Facts, ServiceAnswer } from "./types.ts";

const examinedServices = [
  Verification,
  PatientRootFind,
  PatientRootMove,
  PatientRootGet,
  StudyRootFind,
  StudyRootMove,
  StudyRootGet,
  PatientStudyOnlyFind,
  ModalityWorklistFind,
  ModalityPerformedProcedureStep,
  StorageCommitmentPushModel,
];

/** A UID of our own root that stands for no class: who accepts it accepts everything. */
const noClass = "2.25.141912870146396926349215276842158739216";

/** Classes whose syntaxes are of interest, and syntaxes that are in use. */
const usualClasses = [
  SopClass.CTImageStorage,
  SopClass.MRImageStorage,
  SopClass.ComputedRadiographyImageStorage,
  SopClass.DigitalXRayImageStorageForPresentation,
  SopClass.UltrasoundMultiFrameImageStorage,
  SopClass.SecondaryCaptureImageStorage,
  SopClass.BasicTextSRStorage,
  SopClass.EncapsulatedPDFStorage,
];
const usualSyntaxes = [
  "1.2.840.10008.1.2",
  "1.2.840.10008.1.2.1",
  "1.2.840.10008.1.2.2",
  "1.2.840.10008.1.2.1.99",
  "1.2.840.10008.1.2.4.50",
  "1.2.840.10008.1.2.4.51",
  "1.2.840.10008.1.2.4.70",
  "1.2.840.10008.1.2.4.80",
  "1.2.840.10008.1.2.4.81",
  "1.2.840.10008.1.2.4.90",
  "1.2.840.10008.1.2.4.91",
  "1.2.840.10008.1.2.4.201",
  "1.2.840.10008.1.2.4.202",
  "1.2.840.10008.1.2.5",
  "1.2.840.10008.1.2.4.102",
];

export async function services(examination: Examination, titles: Titles): Promise<Facts> {
  const answers = await examination.probe("services", () =>
    examination.with(
      titles,
      examinedServices.map(({ sopClassUid }) => plain(sopClassUid)),
      ({ association }) =>
        Promise.resolve(
          association.accepted.contexts.map((context, index): ServiceAnswer => {
            const { transferSyntaxUid, result, abstractSyntaxUid } = context;
            return {
              sopClassUid: abstractSyntaxUid,
              name: examinedServices[index]?.name ?? abstractSyntaxUid,
              accepted: transferSyntaxUid !== undefined,
              result,
              ...(transferSyntaxUid === undefined ? {} : { transferSyntaxUid }),
            };
          }),
        ),
    ),
  );
  return answers === undefined ? {} : { services: answers };
}

export async function storage(examination: Examination, titles: Titles): Promise<Facts> {
  const found = await examination.probe("storage", async () => {
    const all = [...storageSopClasses(), noClass];
    const accepted: string[] = [];
    for (let at = 0; at < all.length; at += maximumContexts) {
      const contexts = all.slice(at, at + maximumContexts).map(plain);
      accepted.push(...(await acceptedOf(examination, titles, contexts)).map((one) => one.abstractSyntaxUid));
    }
    return {
      offered: all.length - 1,
      acceptsAnything: accepted.includes(noClass),
      accepted: accepted
        .filter((uid) => uid !== noClass)
        .map((sopClassUid) => ({ sopClassUid, name: uidName(sopClassUid) ?? sopClassUid })),
    };
  });
  return found === undefined ? {} : { storage: found };
}

export async function syntaxes(
  examination: Examination,
  titles: Titles,
  { storage: found }: Facts,
): Promise<Facts> {
  const known = new Set(found?.accepted.map(({ sopClassUid }) => sopClassUid));
  const classes = usualClasses.filter((uid) => known.has(uid));
  if (classes.length === 0) return {};
  const perAssociation = Math.floor(maximumContexts / usualSyntaxes.length);
  const accepted = await examination.probe("syntaxes", async () => {
    const pairs: PresentationContextNegotiated[] = [];
    for (let at = 0; at < classes.length; at += perAssociation) {
      const contexts = classes
        .slice(at, at + perAssociation)
        .flatMap((abstractSyntaxUid) =>
          usualSyntaxes.map((uid) => ({ abstractSyntaxUid, transferSyntaxUids: [uid] })),
        );
      pairs.push(...(await acceptedOf(examination, titles, contexts)));
    }
    return classes.map((sopClassUid) => ({
      sopClassUid,
      name: uidName(sopClassUid) ?? sopClassUid,
      accepted: pairs.flatMap(({ abstractSyntaxUid, transferSyntaxUid: uid }) =>
        abstractSyntaxUid === sopClassUid && uid !== undefined
          ? [{ uid, name: transferSyntaxInfo(uid)?.name ?? uid }]
          : [],
      ),
    }));
  });
  return accepted === undefined ? {} : { syntaxes: accepted };
}

/** Items that old peers do not know: asynchronous window and extended negotiation, on an association of their own. */
export async function limits(examination: Examination, titles: Titles): Promise<Facts> {
  const found = await examination.probe("limits", async (): Promise<Facts["limits"]> => {
    const { sopClassUid } = StudyRootFind;
    const more = {
      asynchronousOperations: { invoked: 16, performed: 16 },
      extendedNegotiations: [{ sopClassUid, information: Uint8Array.of(1, 1, 1, 1) }],
    };
    const contexts = [plain(Verification.sopClassUid), plain(sopClassUid)];
    try {
      return await examination.with(
        titles,
        contexts,
        ({ answer }) => {
          const user = answer?.userInformation;
          const window = user?.asynchronousOperations;
          const extended = user?.extendedNegotiations?.find(
            (one) => one.sopClassUid === sopClassUid,
          )?.information;
          return Promise.resolve({
            ...(window === undefined ? {} : { window }),
            relational: extended?.[0] === 1,
            fuzzy: extended?.[2] === 1,
          });
        },
        more,
      );
    } catch (error) {
      if (error instanceof NetworkError) return { refusedItems: true };
      throw error;
    }
  });
  return found === undefined ? {} : { limits: found };
}

async function acceptedOf(
  examination: Examination,
  titles: Titles,
  contexts: readonly { readonly abstractSyntaxUid: string; readonly transferSyntaxUids: readonly string[] }[],
): Promise<PresentationContextNegotiated[]> {
  return examination.with(titles, contexts, ({ association }) =>
    Promise.resolve(association.accepted.contexts.filter((one) => one.transferSyntaxUid !== undefined)),
  );
}
