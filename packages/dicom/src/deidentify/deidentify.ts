/** De-identification by PS3.15 Annex E: the Basic Application Level Confidentiality Profile and its options. */
import "../dictionary/register.ts";
import { DataSet } from "../data-set/data-set.ts";
import { type DataElement, sequenceElement, valuesElement } from "../data-set/element.ts";
import type { DataSetInit } from "../data-set/types.ts";
import { IMPLEMENTATION_VERSION_NAME } from "../dictionary/implementation.ts";
import { isPrivate, type Tag, Tags, tagToHex } from "../tag.ts";
import { vrInfo } from "../vr.ts";
import { dummyElement } from "./dummy.ts";
import { Pseudonyms, shiftedDate } from "./pseudonyms.ts";
import { type Action, actionFor, basicActionFor, type DeidentificationOption } from "./rules.ts";

export interface DeidentifyOptions {
  /** Whoever has it gets the same UIDs and dates for the same originals; keep it to yourself. */
  readonly secret: string | Uint8Array;
  /** Options of PS3.15 E.3. Default: none, the basic profile alone. */
  readonly options?: readonly DeidentificationOption[];
  /** With `retain_safe_private`: which private elements are known to be safe. Default: none. */
  readonly isSafePrivate?: (creator: string, tag: Tag) => boolean;
  /**
   * With a `clean_…` option: the text without what identifies; undefined takes it out as the basic profile does, which is
   * also what happens without this function.
   */
  readonly cleanText?: (text: string, tag: Tag) => string | undefined;
  /** Days to shift dates back with `retain_long_modified_dates`. Default: from the secret and the patient's ID. */
  readonly shiftDays?: number;
  /** Values to set afterwards, such as the patient's name and ID in a study. */
  readonly replace?: DataSetInit;
}

export interface DeidentificationStep {
  /** Tags in hex and item numbers from 0: `00081115/0/0020000E`. */
  readonly path: string;
  readonly action:
    | "removed"
    | "emptied"
    | "replaced by a dummy"
    | "replaced UID"
    | "shifted date"
    | "cleaned"
    | "kept";
}

export interface Deidentified {
  readonly dataSet: DataSet;
  /** What was done, without the values. */
  readonly report: readonly DeidentificationStep[];
  /** What a person should look at before the images leave. */
  readonly warnings: readonly string[];
}

/** CID 7050, for (0012,0064). */
const methodCodes: Readonly<Record<DeidentificationOption | "basic", readonly [string, string]>> = {
  basic: ["113100", "Basic Application Confidentiality Profile"],
  clean_graphics: ["113103", "Clean Graphics Option"],
  clean_structured_content: ["113104", "Clean Structured Content Option"],
  clean_descriptors: ["113105", "Clean Descriptors Option"],
  retain_long_full_dates: ["113106", "Retain Longitudinal Temporal Information Full Dates Option"],
  retain_long_modified_dates: ["113107", "Retain Longitudinal Temporal Information Modified Dates Option"],
  retain_patient_characteristics: ["113108", "Retain Patient Characteristics Option"],
  retain_device_identity: ["113109", "Retain Device Identity Option"],
  retain_uids: ["113110", "Retain UIDs Option"],
  retain_safe_private: ["113111", "Retain Safe Private Option"],
  retain_institution_identity: ["113112", "Retain Institution Identity Option"],
};

/** Keeps what it learnt for many instances, so that a cohort is consistent and quick. */
export class Deidentifier {
  readonly #options: DeidentifyOptions;
  readonly #chosen: ReadonlySet<DeidentificationOption>;
  #pseudonyms: Promise<Pseudonyms> | undefined;

  constructor(options: DeidentifyOptions) {
    this.#options = options;
    this.#chosen = new Set(options.options ?? []);
  }

  async deidentify(dataSet: DataSet): Promise<Deidentified> {
    this.#pseudonyms ??= Pseudonyms.with(this.#options.secret);
    const pseudonyms = await this.#pseudonyms;
    await pseudonyms.learn(uidsIn(dataSet, this.#chosen));
    const days = this.#options.shiftDays ?? (await pseudonyms.daysFor(dataSet.string("PatientID") ?? ""));
    const pass = new Pass(this.#options, this.#chosen, pseudonyms, days);
    const cleaned = pass.dataSet(dataSet, "");
    return {
      dataSet: cleaned.merge(DataSet.of({ ...this.#marks(), ...this.#options.replace })),
      report: pass.report,
      warnings: [...warningsFor(dataSet), ...pass.warnings],
    };
  }

  #marks(): DataSetInit {
    const chosen = this.#chosen;
    const dates = chosen.has("retain_long_full_dates")
      ? "UNMODIFIED"
      : chosen.has("retain_long_modified_dates")
        ? "MODIFIED"
        : "REMOVED";
    const codes = [methodCodes.basic, ...[...chosen].map((option) => methodCodes[option])];
    return {
      PatientIdentityRemoved: "YES",
      DeidentificationMethod: `${IMPLEMENTATION_VERSION_NAME}: PS3.15 Annex E`,
      DeidentificationMethodCodeSequence: codes.map(([CodeValue, CodeMeaning]) => ({
        CodeValue,
        CodingSchemeDesignator: "DCM",
        CodeMeaning: CodeMeaning.slice(0, 64),
      })),
      LongitudinalTemporalInformationModified: dates,
    };
  }
}

/** One instance; for several use one {@link Deidentifier}, which remembers the UIDs. */
export function deidentify(dataSet: DataSet, options: DeidentifyOptions): Promise<Deidentified> {
  return new Deidentifier(options).deidentify(dataSet);
}

class Pass {
  readonly report: DeidentificationStep[] = [];
  readonly warnings: string[] = [];
  readonly #options: DeidentifyOptions;
  readonly #chosen: ReadonlySet<DeidentificationOption>;
  readonly #pseudonyms: Pseudonyms;
  readonly #days: number;

  constructor(
    options: DeidentifyOptions,
    chosen: ReadonlySet<DeidentificationOption>,
    pseudonyms: Pseudonyms,
    days: number,
  ) {
    this.#options = options;
    this.#chosen = chosen;
    this.#pseudonyms = pseudonyms;
    this.#days = days;
  }

  dataSet(dataSet: DataSet, path: string): DataSet {
    const kept: DataElement[] = [];
    for (const element of dataSet) {
      if ((element.tag & 0xffff) === 0) continue;
      const done = this.#element(dataSet, element, `${path}${tagToHex(element.tag)}`);
      if (done !== undefined) kept.push(done);
    }
    return DataSet.fromElements(kept, {
      inherited: dataSet.characterSet,
      undefinedLength: dataSet.undefinedLength,
    });
  }

  #element(dataSet: DataSet, element: DataElement, path: string): DataElement | undefined {
    const { tag } = element;
    if (isPrivate(tag)) return this.#private(dataSet, element, path);
    const action = actionFor(tag, this.#chosen);
    if (action === undefined) return this.#walked(element, path);
    return this.#acted(dataSet, element, action, path);
  }

  #acted(dataSet: DataSet, element: DataElement, action: Action, path: string): DataElement | undefined {
    const { tag, vr } = element;
    switch (action) {
      case "X":
        this.#step(path, "removed");
        return undefined;
      case "Z":
        this.#step(path, "emptied");
        return vr === "SQ" ? sequenceElement(tag, []) : valuesElement(tag, vr, []);
      case "D":
        if (element.isEmpty) return element;
        // A sequence must not be empty: it stays, and its items are de-identified.
        if (vr === "SQ") return this.#walked(element, path);
        this.#step(path, "replaced by a dummy");
        return dummyElement(element);
      case "K":
        this.#step(path, "kept");
        return this.#walked(element, path);
      case "U":
        if (vr === "SQ") return this.#walked(element, path);
        this.#step(path, "replaced UID");
        return valuesElement(
          tag,
          vr,
          dataSet.strings(tag).map((uid) => this.#pseudonyms.uid(uid)),
        );
      case "C":
        return this.#cleaned(dataSet, element, path);
    }
  }

  #cleaned(dataSet: DataSet, element: DataElement, path: string): DataElement | undefined {
    const { tag, vr } = element;
    if (this.#chosen.has("retain_long_modified_dates") && (vr === "DA" || vr === "DT")) {
      const shifted = dataSet.strings(tag).map((value) => shiftedDate(value, this.#days));
      if (shifted.every((value) => value !== undefined)) {
        this.#step(path, "shifted date");
        return valuesElement(tag, vr, shifted);
      }
    }
    // Times of day stay: only their dates are shifted.
    if (this.#chosen.has("retain_long_modified_dates") && vr === "TM") {
      this.#step(path, "kept");
      return element;
    }
    const { cleanText } = this.#options;
    if (vr === "SQ" && this.#chosen.has("clean_structured_content")) return this.#walked(element, path);
    if (cleanText !== undefined && vrInfo(vr).kind === "text") {
      const texts = dataSet.strings(tag).map((text) => cleanText(text, tag));
      if (texts.every((text) => text !== undefined)) {
        this.#step(path, "cleaned");
        return valuesElement(tag, vr, texts);
      }
    }
    return this.#acted(dataSet, element, basicActionFor(tag), path);
  }

  #private(dataSet: DataSet, element: DataElement, path: string): DataElement | undefined {
    const { tag } = element;
    const isCreator = (tag & 0xffff) >= 0x10 && (tag & 0xffff) <= 0xff;
    const creator = dataSet.string(isCreator ? tag : tag - (tag & 0xffff) + ((tag & 0xff00) >>> 8)) ?? "";
    const { isSafePrivate } = this.#options;
    const isSafe = (one: Tag): boolean => isSafePrivate?.(creator, one) === true;
    const keeps =
      this.#chosen.has("retain_safe_private") &&
      // A creator stays where anything of its block does.
      (isCreator
        ? Array.from(dataSet).some(
            (other) =>
              other.tag >>> 16 === tag >>> 16 &&
              (other.tag & 0xff00) >>> 8 === (tag & 0xff) &&
              isSafe(other.tag),
          )
        : isSafe(tag));
    this.#step(path, keeps ? "kept" : "removed");
    return keeps ? this.#walked(element, path) : undefined;
  }

  /** Sequences are walked whatever is said of them: what identifies may be anywhere below. */
  #walked(element: DataElement, path: string): DataElement {
    const { items } = element;
    if (items === undefined) return element;
    const walked = items.map((item, index) => this.dataSet(item, `${path}/${index}/`));
    return sequenceElement(element.tag, walked, element.undefinedLength);
  }

  #step(path: string, action: DeidentificationStep["action"]): void {
    this.report.push({ path, action });
  }
}

/** Originals of all UIDs that will be replaced. */
function* uidsIn(dataSet: DataSet, chosen: ReadonlySet<DeidentificationOption>): Generator<string> {
  for (const element of dataSet) {
    if (element.items !== undefined) for (const item of element.items) yield* uidsIn(item, chosen);
    else if (element.vr === "UI" && actionFor(element.tag, chosen) === "U")
      yield* dataSet.strings(element.tag);
  }
}

/** Kinds of images whose pixels often show the patient's name. */
const oftenBurnedIn = new Set(["US", "SC", "OT", "XC", "ES", "GM", "RF", "XA", "CR", "DX", "ECG"]);

function warningsFor(dataSet: DataSet): string[] {
  const warnings: string[] = [];
  const burnedIn = dataSet.string("BurnedInAnnotation");
  const modality = dataSet.string("Modality") ?? "";
  if (burnedIn === "YES")
    warnings.push("The pixels are said to hold identifying text (0028,0301); they were not changed.");
  else if (burnedIn === undefined && oftenBurnedIn.has(modality)) {
    warnings.push(
      `Nothing says that the pixels are free of identifying text, which images of ${modality} often hold.`,
    );
  }
  if (dataSet.string("RecognizableVisualFeatures") === "YES") {
    warnings.push("The images are said to show recognisable features (0028,0302); they were not changed.");
  }
  if (dataSet.has("EncapsulatedDocument")) warnings.push("The encapsulated document was not looked into.");
  if (dataSet.has(Tags.PixelData) && modality === "SR") warnings.push("A report holds pixels.");
  return warnings;
}
