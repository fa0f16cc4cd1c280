/** A short sound of two notes, made by the browser: nothing is loaded for it. */

const NOTES_HZ = [880, 1_318.5];
const NOTE_S = 0.16;
const LOUDNESS = 0.2;
/** A sound never ends at zero by the exponential, but at what nobody hears. */
const SILENCE = 0.001;

export class Chime {
  #context: AudioContext | undefined;

  get isSupported(): boolean {
    return "AudioContext" in globalThis;
  }

  /** Whether it may be heard: browsers want a person's click or key first. */
  get isReady(): boolean {
    return this.#context?.state === "running";
  }

  /** Make it ready; to be called from a person's click or key. */
  async open(): Promise<void> {
    if (this.isSupported) {
      this.#context ??= new AudioContext();
      await this.#context.resume();
    }
  }

  play(): void {
    const context = this.#context;
    if (context === undefined || !this.isReady) {
      return;
    }
    for (const [index, frequency] of NOTES_HZ.entries()) {
      const startS = context.currentTime + index * NOTE_S;
      const note = new OscillatorNode(context, { frequency, type: "sine" });
      const loudness = new GainNode(context, { gain: 0 });
      loudness.gain.setValueAtTime(LOUDNESS, startS);
      loudness.gain.exponentialRampToValueAtTime(SILENCE, startS + NOTE_S);
      note.connect(loudness).connect(context.destination);
      note.start(startS);
      note.stop(startS + NOTE_S);
    }
  }
}
