/** Rendering by hand-computed pixels. */
import { DataSet, type DataSetInit } from "@isocenter/dicom";
import { describe, expect, it } from "vitest";
import type { DecodedFrame } from "../decoded-frame.ts";
import { renderFrame, type RenderOptions } from "./render-frame.ts";

function frame(values: readonly number[], options: Partial<DecodedFrame> = {}): DecodedFrame {
  const bytesPerSample = options.bytesPerSample ?? 2;
  const bytes = new Uint8Array(values.length * bytesPerSample);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => {
    if (bytesPerSample === 1) view.setUint8(index, value & 0xff);
    else view.setUint16(index * 2, value & 0xffff, true);
  });
  const samplesPerPixel = options.samplesPerPixel ?? 1;
  return {
    rows: 1,
    columns: values.length / samplesPerPixel,
    samplesPerPixel,
    bytesPerSample,
    isSigned: false,
    sampleKind: "integer",
    bitsStored: bytesPerSample * 8,
    photometricInterpretation: "MONOCHROME2",
    bytes,
    ...options,
  };
}

function greys(of: DecodedFrame, init: DataSetInit, options?: RenderOptions): number[] {
  const { rgba } = renderFrame(of, DataSet.of(init), options);
  return Array.from({ length: of.columns }, (_, index) => rgba[index * 4] ?? -1);
}

describe("grey", () => {
  it("by a linear window, as PS3.3 C.11.2.1.2 has it", () => {
    // Center 2048, width 4096: 0 is black, 4095 is white.
    expect(greys(frame([0, 2048, 4095, 5000]), { WindowCenter: 2048, WindowWidth: 4096 })).toEqual([
      0, 128, 255, 255,
    ]);
    expect(greys(frame([0, 1]), { WindowCenter: 1, WindowWidth: 1 })).toEqual([0, 255]);
    expect(
      greys(frame([0, 50, 100]), { WindowCenter: 50, WindowWidth: 100, VOILUTFunction: "LINEAR_EXACT" }),
    ).toEqual([0, 128, 255]);
    expect(greys(frame([50]), { WindowCenter: 50, WindowWidth: 100, VOILUTFunction: "SIGMOID" })).toEqual([
      128,
    ]);
  });

  it("after slope and intercept, with signs", () => {
    const hounsfield = frame([0, 1024, 2048], { bitsStored: 12 });
    expect(
      greys(hounsfield, { RescaleSlope: 1, RescaleIntercept: -1024, WindowCenter: 0.5, WindowWidth: 2049 }),
    ).toEqual([0, 128, 255]);
    const signed = frame([-100, 0, 100], { isSigned: true });
    expect(greys(signed, { WindowCenter: 0.5, WindowWidth: 201 })).toEqual([0, 128, 255]);
  });

  it("without the bits above Bits Stored", () => {
    const stored = frame([0xf000, 0xffff], { bitsStored: 12 });
    expect(greys(stored, { WindowCenter: 2048, WindowWidth: 4096 })).toEqual([0, 255]);
    // 0x800 is -2048 in twelve bits.
    expect(
      greys(frame([0x800, 0x7ff], { bitsStored: 12, isSigned: true }), {
        WindowCenter: 0,
        WindowWidth: 4096,
      }),
    ).toEqual([0, 255]);
  });

  it("from least to most where there is no window, padding apart", () => {
    expect(greys(frame([100, 150, 200]), {})).toEqual([0, 128, 255]);
    expect(greys(frame([0, 100, 150, 200]), { PixelPaddingValue: { vr: "US", value: 0 } })).toEqual([
      0, 0, 128, 255,
    ]);
    expect(greys(frame([7, 7]), {})).toEqual([255, 255]);
  });

  it("inverted by MONOCHROME1 and by presentation LUT shape, and twice is not at all", () => {
    const inverse = frame([0, 255], { bytesPerSample: 1, photometricInterpretation: "MONOCHROME1" });
    expect(greys(inverse, {})).toEqual([255, 0]);
    expect(greys(inverse, { PresentationLUTShape: "INVERSE" })).toEqual([0, 255]);
  });

  it("by LUTs", () => {
    const lut = {
      LUTDescriptor: { vr: "US", value: [3, 10, 8] },
      LUTData: { vr: "US", value: [0, 51, 255] },
    } as const;
    expect(greys(frame([0, 10, 11, 12, 99]), { VOILUTSequence: [lut] })).toEqual([0, 0, 51, 255, 255]);
    expect(
      greys(frame([10, 11, 12]), { ModalityLUTSequence: [lut], WindowCenter: 128, WindowWidth: 256 }),
    ).toEqual([0, 51, 255]);
  });

  it("by the caller's window before the image's", () => {
    expect(
      greys(frame([0, 10]), { WindowCenter: 1000, WindowWidth: 1 }, { window: { center: 5.5, width: 11 } }),
    ).toEqual([0, 255]);
  });
});

describe("colour", () => {
  const rgb = (of: DecodedFrame, init: DataSetInit = {}): number[] => [
    ...renderFrame(of, DataSet.of(init)).rgba,
  ];

  it("RGB as it is, YBR by BT.601", () => {
    const three = { samplesPerPixel: 3, bytesPerSample: 1 } as const;
    expect(rgb(frame([1, 2, 3], { ...three, photometricInterpretation: "RGB" }))).toEqual([1, 2, 3, 255]);
    expect(rgb(frame([76, 85, 255], { ...three, photometricInterpretation: "YBR_FULL" }))).toEqual([
      254, 0, 0, 255,
    ]);
    expect(rgb(frame([128, 128, 128], { ...three, photometricInterpretation: "YBR_FULL_422" }))).toEqual([
      128, 128, 128, 255,
    ]);
    expect(() => rgb(frame([1, 2, 3], { ...three, photometricInterpretation: "HSV" }))).toThrowError(
      expect.objectContaining({ code: "codec-unsupported" }),
    );
  });

  it("palettes of 16 bits, and segmented ones", () => {
    const descriptor = { vr: "US", value: [3, 0, 16] } as const;
    const words = (...values: number[]) =>
      ({ vr: "OW", value: new Uint8Array(Uint16Array.from(values).buffer) }) as const;
    const palette = frame([0, 1, 2], { bytesPerSample: 1, photometricInterpretation: "PALETTE COLOR" });
    const descriptors = {
      RedPaletteColorLookupTableDescriptor: descriptor,
      GreenPaletteColorLookupTableDescriptor: descriptor,
      BluePaletteColorLookupTableDescriptor: descriptor,
    };
    const plain = rgb(palette, {
      ...descriptors,
      RedPaletteColorLookupTableData: words(0, 0x8000, 0xff00),
      GreenPaletteColorLookupTableData: words(0xff00, 0, 0),
      BluePaletteColorLookupTableData: words(0, 0, 0x0100),
    });
    expect(plain).toEqual([0, 255, 0, 255, 128, 0, 0, 255, 255, 0, 1, 255]);
    const segmented = rgb(palette, {
      ...descriptors,
      // One value 0, then a line of two values to FF00.
      SegmentedRedPaletteColorLookupTableData: words(0, 1, 0, 1, 2, 0xff00),
      SegmentedGreenPaletteColorLookupTableData: words(0, 3, 0, 0, 0),
      SegmentedBluePaletteColorLookupTableData: words(0, 3, 0, 0, 0),
    });
    expect(segmented.filter((_, index) => index % 4 === 0)).toEqual([0, 127, 255]);
  });
});

it("overlays are drawn where their origin puts them", () => {
  const image = { ...frame([0, 0, 0, 0, 0, 0]), rows: 2, columns: 3 };
  const overlay = {
    "(6000,0010)": { vr: "US", value: 1 },
    "(6000,0011)": { vr: "US", value: 2 },
    "(6000,0050)": { vr: "SS", value: [2, 2] },
    "(6000,3000)": { vr: "OW", value: Uint8Array.of(0b10, 0) },
  } as const;
  expect(
    [...renderFrame(image, DataSet.of({ WindowCenter: 10, WindowWidth: 1, ...overlay })).rgba].filter(
      (_, index) => index % 4 === 0,
    ),
  ).toEqual([0, 0, 0, 0, 0, 255]);
});
