/** How well a name matches what somebody types of it. Pure. */

/** Letters may be left out of a name, but what is matched lies close together. */
const MOST_SPREAD = 2;

/** How well each word of a text is found in a name, together: 0 is best; undefined: one is not. */
export function scoreOf(name: string, text: string): number | undefined {
  const whole = name.toLowerCase();
  let sum = 0;
  for (const word of text.toLowerCase().split(/\s+/)) {
    const score = wordScore(whole, word);
    if (score === undefined) {
      return undefined;
    }
    sum += score;
  }
  return sum;
}

/** From here on letters are left out. */
export const LOOSE = 4;

function wordScore(name: string, word: string): number | undefined {
  if (name.startsWith(word)) {
    return 0;
  }
  const words = name.split(/[^\p{L}\p{N}]+/u);
  if (words.some((other) => other.startsWith(word))) {
    return 1;
  }
  const initials = words.map(([first = ""]) => first).join("");
  if (word.length > 1 && initials.includes(word)) {
    return 2;
  }
  if (word.length > 1 && name.includes(word)) {
    return 3;
  }
  const spread = spreadOf(name, word);
  return word.length > 2 && spread <= MOST_SPREAD * word.length
    ? LOOSE + spread / word.length
    : undefined;
}

/** The length of the shortest part of a name that has all letters of a word in their order. */
function spreadOf(name: string, word: string): number {
  let shortest = Number.POSITIVE_INFINITY;
  for (let start = name.indexOf(word[0] ?? ""); start >= 0; ) {
    let place = start;
    for (const letter of word.slice(1)) {
      place = name.indexOf(letter, place + 1);
      if (place < 0) {
        return shortest;
      }
    }
    shortest = Math.min(shortest, place + 1 - start);
    start = name.indexOf(word[0] ?? "", start + 1);
  }
  return shortest;
}
