import { describe, expect, it } from "vitest";
import { acceptOf, contentTypeOf, type Offer, selectOffer } from "./accept.ts";

const explicit = "1.2.840.10008.1.2.1";
const jpeg = "1.2.840.10008.1.2.4.70";
const jpegLs = "1.2.840.10008.1.2.4.80";

/** As for an instance that is stored in JPEG-LS. */
const files: readonly Offer[] = [
  { mediaType: "application/dicom", isMultipart: true, transferSyntaxUid: jpegLs },
  { mediaType: "application/dicom", isMultipart: true, transferSyntaxUid: explicit, isDefaultSyntax: true },
  { mediaType: "application/dicom", isMultipart: false, transferSyntaxUid: jpegLs },
  { mediaType: "application/dicom", isMultipart: false, transferSyntaxUid: explicit, isDefaultSyntax: true },
  { mediaType: "application/zip", isMultipart: false },
];
const texts: readonly Offer[] = [
  { mediaType: "application/dicom+json", isMultipart: false },
  { mediaType: "application/dicom+xml", isMultipart: true },
];
const pictures: readonly Offer[] = [
  { mediaType: "image/jpeg", isMultipart: false },
  { mediaType: "image/png", isMultipart: false },
];

const chosen = (header: string | null, offers: readonly Offer[], ...parameters: string[]): string =>
  contentTypeOf(selectOffer(acceptOf(header, parameters), offers));

const multipart = 'multipart/related; type="application/dicom"';

describe("the selected representation", () => {
  it.each([
    // PS3.18 8.7.3.4: without a transfer syntax the default one is meant.
    [null, `${multipart}; transfer-syntax=${explicit}`],
    ["", `${multipart}; transfer-syntax=${explicit}`],
    ["*/*", `${multipart}; transfer-syntax=${explicit}`],
    [multipart, `${multipart}; transfer-syntax=${explicit}`],
    ["multipart/related; type=application/dicom", `${multipart}; transfer-syntax=${explicit}`],
    ["multipart/related", `${multipart}; transfer-syntax=${explicit}`],
    // What lies ready goes before what would have to be made.
    [`${multipart}; transfer-syntax=*`, `${multipart}; transfer-syntax=${jpegLs}`],
    [`${multipart}; transfer-syntax=${jpegLs}`, `${multipart}; transfer-syntax=${jpegLs}`],
    [
      `${multipart}; transfer-syntax=${explicit}, ${multipart}; transfer-syntax=${jpegLs}`,
      `${multipart}; transfer-syntax=${jpegLs}`,
    ],
    // The client's quality goes before both.
    [
      `${multipart}; transfer-syntax=${explicit}, ${multipart}; transfer-syntax=${jpegLs};q=0.5`,
      `${multipart}; transfer-syntax=${explicit}`,
    ],
    ["application/dicom", `application/dicom; transfer-syntax=${explicit}`],
    ["application/dicom; transfer-syntax=*", `application/dicom; transfer-syntax=${jpegLs}`],
    ["application/zip, application/dicom;q=0.9", "application/zip"],
    ["application/*", `application/dicom; transfer-syntax=${explicit}`],
  ])("of a file for %j", (header, expected) => {
    expect(chosen(header, files)).toBe(expected);
  });

  it.each([
    ["application/dicom+json", "application/dicom+json"],
    ['multipart/related; type="application/dicom+xml"', 'multipart/related; type="application/dicom+xml"'],
    ["*/*", "application/dicom+json"],
    [
      'multipart/related; type="application/dicom+xml"; q=0.9, application/dicom+json;q=0.8',
      'multipart/related; type="application/dicom+xml"',
    ],
    // The narrower range says more of JSON than the wider one.
    ["*/*;q=1, application/dicom+json;q=0.1", 'multipart/related; type="application/dicom+xml"'],
    ["*/*, application/dicom+json;q=0", 'multipart/related; type="application/dicom+xml"'],
  ])("of metadata for %j", (header, expected) => {
    expect(chosen(header, texts)).toBe(expected);
  });

  it.each([
    ["image/*", "image/jpeg"],
    ["image/png", "image/png"],
    ["image/jpeg;q=0.5, image/png", "image/png"],
    ["text/html,image/webp,*/*;q=0.8", "image/jpeg"],
  ])("of a picture for %j", (header, expected) => {
    expect(chosen(header, pictures)).toBe(expected);
  });

  it("is what the query says before what the header does", () => {
    expect(chosen("image/jpeg", pictures, "image/png")).toBe("image/png");
    // A plus sign that was not encoded has become a space.
    expect(chosen("*/*", texts, "application/dicom json")).toBe("application/dicom+json");
    expect(chosen("*/*", files, "application/dicom", "application/zip;q=0.1")).toMatch(
      /^application\/dicom;/,
    );
  });

  it.each([
    ["image/png", texts],
    ["application/dicom+xml", texts],
    ["application/dicom+json;q=0", texts],
    [`application/dicom; transfer-syntax=${jpeg}`, files],
    ["application/dicom+json;q=2", texts],
  ])("is none for %j", (header, offers) => {
    const select = (): unknown => selectOffer(acceptOf(header), offers);
    expect(select).toThrow(expect.objectContaining({ status: 406, code: "not-acceptable" }));
  });

  it("names what there is when there is none", () => {
    expect(() => selectOffer(acceptOf("text/plain"), texts)).toThrow(
      expect.objectContaining({
        options: {
          members: {
            available: ["application/dicom+json", 'multipart/related; type="application/dicom+xml"'],
          },
        },
      }),
    );
  });

  it("lets nothing out of a file's transfer syntax into a header", () => {
    const hostile: Offer = { mediaType: "a/b", isMultipart: false, transferSyntaxUid: '1.2"\r\nX-Evil: 3' };
    expect(contentTypeOf(hostile)).toBe("a/b; transfer-syntax=1.23");
  });

  it("takes the names that rle and jls once had", () => {
    const rle: Offer = {
      mediaType: "image/dicom-rle",
      isMultipart: true,
      transferSyntaxUid: "1.2.840.10008.1.2.5",
      isDefaultSyntax: true,
    };
    expect(selectOffer(acceptOf('multipart/related; type="image/x-dicom-rle"'), [rle])).toBe(rle);
  });
});
