/** Person names, PS3.5 6.2.1: up to three component groups of up to five components each. */

export interface PersonNameGroup {
  readonly familyName: string;
  readonly givenName: string;
  readonly middleName: string;
  readonly prefix: string;
  readonly suffix: string;
}

/** `Yamada^Tarou=山田^太郎=やまだ^たろう`: the alphabetic, ideographic and phonetic representation of one name. */
export class PersonName {
  /** Each group as it is encoded, with carets; empty when absent. */
  readonly alphabetic: string;
  readonly ideographic: string;
  readonly phonetic: string;

  constructor(alphabetic: string, ideographic = "", phonetic = "") {
    this.alphabetic = alphabetic;
    this.ideographic = ideographic;
    this.phonetic = phonetic;
  }

  static parse(text: string): PersonName {
    const [alphabetic = "", ideographic = "", phonetic = ""] = text.split("=");
    return new PersonName(alphabetic.trimEnd(), ideographic.trimEnd(), phonetic.trimEnd());
  }

  get familyName(): string {
    return this.components().familyName;
  }

  get givenName(): string {
    return this.components().givenName;
  }

  components(group: "alphabetic" | "ideographic" | "phonetic" = "alphabetic"): PersonNameGroup {
    const [familyName = "", givenName = "", middleName = "", prefix = "", suffix = ""] =
      this[group].split("^");
    return { familyName, givenName, middleName, prefix, suffix };
  }

  /** As encoded, without trailing empty groups. */
  toString(): string {
    return [this.alphabetic, this.ideographic, this.phonetic].join("=").replace(/=+$/, "");
  }
}
