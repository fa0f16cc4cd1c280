/** A line over the foot of the page that says for a moment what came of a command. */

import { voice } from "../spoken/voice.ts";
import { make } from "./dom.ts";

const SHOWN_MS = 4_000;

const line = make("p", { class: "said" });
let timer: ReturnType<typeof setTimeout> | undefined;

export function say(words: string): void {
  if (!line.isConnected) {
    document.body.append(line);
  }
  line.textContent = words;
  voice.news("said", words, 1);
  clearTimeout(timer);
  timer = setTimeout(() => {
    line.textContent = "";
  }, SHOWN_MS);
}
