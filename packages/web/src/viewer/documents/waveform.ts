/** Waveform multiplex groups (PS3.3 C.10.9) to millivolts, and onto paper. */
import { type DataSet, decodePart10 } from "@isocenter/dicom";

export interface WaveformChannel {
  readonly label: string;
  /** mV. */
  readonly values: Float32Array;
}

export interface WaveformGroup {
  readonly label: string;
  /** Samples per second. */
  readonly frequency: number;
  readonly channels: readonly WaveformChannel[];
}

export function waveformGroups(file: Uint8Array): readonly WaveformGroup[] {
  const { dataSet } = decodePart10(file);
  return dataSet.items("WaveformSequence").map(groupOf);
}

function groupOf(item: DataSet): WaveformGroup {
  const definitions = item.items("ChannelDefinitionSequence");
  const samples = item.number("NumberOfWaveformSamples") ?? 0;
  const bits = item.number("WaveformBitsAllocated") ?? 16;
  const bytes = item.bytes("WaveformData") ?? new Uint8Array(0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = bits / 8;
  const read = (at: number): number =>
    at + size > bytes.byteLength ? 0 : size === 1 ? view.getInt8(at) : view.getInt16(at, true);
  return {
    label: item.string("MultiplexGroupLabel") ?? "",
    frequency: item.number("SamplingFrequency") ?? 500,
    channels: definitions.map((definition, channel): WaveformChannel => {
      const [source] = definition.items("ChannelSourceSequence");
      const [unit] = definition.items("ChannelSensitivityUnitsSequence");
      const sensitivity =
        (definition.number("ChannelSensitivity") ?? 1) *
        (definition.number("ChannelSensitivityCorrectionFactor") ?? 1) *
        (toMillivolts[unit?.string("CodeValue") ?? "mV"] ?? 1);
      const baseline = definition.number("ChannelBaseline") ?? 0;
      return {
        label:
          definition.string("ChannelLabel") ??
          source?.string("CodeMeaning")?.replace(/^lead /i, "") ??
          String(channel + 1),
        values: Float32Array.from(
          { length: samples },
          (_, index) => read((index * definitions.length + channel) * size) * sensitivity + baseline,
        ),
      };
    }),
  };
}

const toMillivolts: Readonly<Record<string, number>> = { uV: 0.001, mV: 1, V: 1000 };

/** CSS pixels per millimetre of paper. */
const millimetre = 4;
const stripHeight = 26 * millimetre;
const leftMargin = 12 * millimetre;

export function waveformSize({ channels, frequency }: WaveformGroup): {
  readonly width: number;
  readonly height: number;
} {
  const seconds = (channels[0]?.values.length ?? 0) / frequency;
  return { width: leftMargin + Math.ceil(seconds * 25) * millimetre, height: channels.length * stripHeight };
}

export function drawWaveform(canvas: HTMLCanvasElement, group: WaveformGroup): void {
  const { width, height } = waveformSize(group);
  canvas.width = width * devicePixelRatio;
  canvas.height = height * devicePixelRatio;
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.scale(devicePixelRatio, devicePixelRatio);
  context.fillStyle = "#fdf6f3";
  context.fillRect(0, 0, width, height);
  grid(context, width, height, millimetre, "#f3ddd6");
  grid(context, width, height, millimetre * 5, "#e3b9ac");
  context.font = "600 13px system-ui, sans-serif";
  group.channels.forEach(({ label, values }, index) => {
    const middle = index * stripHeight + stripHeight / 2;
    context.fillStyle = "#2b1a14";
    context.fillText(label, 6, middle - stripHeight / 4);
    context.strokeStyle = "#2b1a14";
    context.lineWidth = 1;
    context.beginPath();
    values.forEach((value, at) => {
      context.lineTo(leftMargin + (at / group.frequency) * 25 * millimetre, middle - value * 10 * millimetre);
    });
    context.stroke();
  });
}

function grid(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  step: number,
  colour: string,
): void {
  context.strokeStyle = colour;
  context.lineWidth = 0.5;
  context.beginPath();
  for (let x = 0; x <= width; x += step) {
    context.moveTo(x, 0);
    context.lineTo(x, height);
  }
  for (let y = 0; y <= height; y += step) {
    context.moveTo(0, y);
    context.lineTo(width, y);
  }
  context.stroke();
}
