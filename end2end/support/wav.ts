// Reads what a recording holds: 16-bit PCM, two channels.

/** The samples of each channel. */
export function channels(file: Buffer): [Int16Array, Int16Array] {
  if (file.toString("latin1", 0, 4) !== "RIFF") throw new Error("not a WAV file");
  let at = 12;
  let count = 0;
  while (at + 8 <= file.length) {
    const kind = file.toString("latin1", at, at + 4);
    const length = Math.min(file.readUInt32LE(at + 4), file.length - at - 8);
    if (kind === "fmt ") count = file.readUInt16LE(at + 10);
    if (kind === "data") {
      if (count !== 2) throw new Error(`${count} channels, not 2`);
      const frames = Math.floor(length / 4);
      const left = new Int16Array(frames);
      const right = new Int16Array(frames);
      for (let frame = 0; frame < frames; frame++) {
        left[frame] = file.readInt16LE(at + 8 + frame * 4);
        right[frame] = file.readInt16LE(at + 10 + frame * 4);
      }
      return [left, right];
    }
    at += 8 + length + (length % 2);
  }
  throw new Error("no samples");
}

/** Root mean square. */
export function energy(samples: Int16Array): number {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / Math.max(1, samples.length));
}

/** Samples in a second: Twilio's telephone audio. */
export const RATE = 8000;

/** The energy of each whole second. */
export function seconds(samples: Int16Array): number[] {
  return Array.from({ length: Math.floor(samples.length / RATE) }, (_, second) => energy(samples.subarray(second * RATE, (second + 1) * RATE)));
}
