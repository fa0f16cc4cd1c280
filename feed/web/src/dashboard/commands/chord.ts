/**
 * Chords: a key with those that are held down with it, as text: `Ctrl+k`, `Alt+a`, `?`. Pure.
 *
 * `Ctrl` is the Command key on a Mac. Shift is told of keys only that give no sign: where `?` is on a
 * keyboard is its own business.
 */

/** What a keyboard event tells. */
export interface Press {
  readonly key: string;
  readonly code: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}

/** The chord of any letter alone. */
export const LETTERS = "A … Z";

/** The chord of a press. */
export function chordOf({ key, code, ctrlKey, metaKey, altKey, shiftKey }: Press, isMac: boolean) {
  const sign = altKey ? signWithAlt(key, code) : key;
  const isSign = [...sign].length === 1;
  const held = [
    (isMac ? metaKey : ctrlKey) ? "Ctrl" : "",
    (isMac ? ctrlKey : metaKey) ? "Other" : "",
    altKey ? "Alt" : "",
    shiftKey && !isSign ? "Shift" : "",
  ].filter((name) => name !== "");
  return [...held, isSign ? sign.toLowerCase() : sign].join("+");
}

/** Alt makes other signs of some keys (`å` of `a` on a Mac): then it is the place of the key. */
function signWithAlt(key: string, code: string): string {
  return /^[\x20-\x7e]$/.test(key) ? key : (/^(?:Key|Digit)(.)$/.exec(code)?.[1] ?? key);
}

/** Whether a press is a letter of any script, with nothing but Shift. */
export function isLetter({ key, ctrlKey, metaKey, altKey }: Press): boolean {
  return /^\p{L}$/u.test(key) && !ctrlKey && !metaKey && !altKey;
}

/** Whether a chord is one sign, which dictation and a sleeve type, too (WCAG 2.2, 2.1.4). */
export function isSingle(chord: string): boolean {
  return chord === LETTERS || [...chord].length === 1;
}

const WORDS: Readonly<Record<string, string>> = {
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
  Delete: "Del",
  Escape: "Esc",
  PageUp: "Page ↑",
  PageDown: "Page ↓",
  "-": "−",
};
const MAC_WORDS: Readonly<Record<string, string>> = { Ctrl: "⌘", Alt: "⌥", Shift: "⇧" };

/** The keys of a chord, as they are written on keyboards. */
export function keyWords(chord: string, isMac: boolean): string[] {
  const names = chord === "+" ? [chord] : chord.split("+");
  return names.map((name) => {
    const words = (isMac ? MAC_WORDS[name] : undefined) ?? WORDS[name] ?? name;
    return [...words].length === 1 ? words.toUpperCase() : words;
  });
}
