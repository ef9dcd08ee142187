/** The same for the same, and without the secret nothing leads back: UIDs and days to shift, by HMAC-SHA-256. */

export class Pseudonyms {
  readonly #key: CryptoKey;
  readonly #uids = new Map<string, string>();

  private constructor(key: CryptoKey) {
    this.#key = key;
  }

  static async with(secret: string | Uint8Array): Promise<Pseudonyms> {
    const bytes = typeof secret === "string" ? new TextEncoder().encode(secret) : Uint8Array.from(secret);
    const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, [
      "sign",
    ]);
    return new Pseudonyms(key);
  }

  /** Works out the replacements of UIDs that are not known yet. */
  async learn(uids: Iterable<string>): Promise<void> {
    const unknown = [...new Set(uids)].filter((uid) => uid !== "" && !this.#uids.has(uid));
    await Promise.all(
      unknown.map(async (uid) => {
        const digest = await this.#hmac(`uid:${uid}`);
        // 128 bits as a decimal below 2.25, as for UUIDs (PS3.5 B.2).
        let number = 0n;
        for (const byte of digest.subarray(0, 16)) number = number * 256n + BigInt(byte);
        this.#uids.set(uid, `2.25.${number}`);
      }),
    );
  }

  uid(original: string): string {
    return this.#uids.get(original) ?? "";
  }

  /** Days to go back, 1 to 3650: one number for a patient, so that intervals stay. */
  async daysFor(patientId: string): Promise<number> {
    const digest = await this.#hmac(`days:${patientId}`);
    return (new DataView(digest.buffer).getUint32(0) % 3650) + 1;
  }

  async #hmac(text: string): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await crypto.subtle.sign("HMAC", this.#key, new TextEncoder().encode(text)));
  }
}

/** A DA or DT value some days earlier; undefined for what is no date. */
export function shiftedDate(value: string, days: number): string | undefined {
  const match = /^(\d{4})(\d{2})(\d{2})(.*)$/.exec(value.trim());
  if (match === null) return undefined;
  const [, year = "", month = "", day = "", rest = ""] = match;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  if (Number.isNaN(date.getTime())) return undefined;
  date.setUTCDate(date.getUTCDate() - days);
  return date.toISOString().slice(0, 10).replaceAll("-", "").padStart(8, "0") + rest;
}
