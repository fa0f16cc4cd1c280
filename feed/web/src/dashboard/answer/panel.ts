/**
 * The panel of answers: ask, read while it is written, stop, and let a second window watch.
 *
 * Text goes in as text. It is drawn once a frame; screen readers are told whole sentences.
 */

import {
  type Answer,
  type FeedError,
  GenerationFailed,
  generate,
  watchAnswer,
} from "../../client/index.ts";
import { wordsOf } from "../../elements/denial.ts";
import { voice } from "../spoken/voice.ts";
import { byId, Text } from "../ui/dom.ts";
import { serverUrl } from "../ui/server-url.ts";
import { Models } from "./models.ts";
import { about, sentences } from "./words.ts";

/** Where there is no room beside the chart (layout.css), and what is written moves what follows. */
const NARROW = "(max-width: 45rem)";
/** So many pixels from its end a text counts as read to the end, and follows what is written. */
const AT_END_PX = 24;

export class AnswerPanel {
  readonly #models = new Models();
  readonly #question = byId<HTMLInputElement>("question");
  readonly #share = byId<HTMLInputElement>("ask-share");
  readonly #send = byId<HTMLButtonElement>("ask-send");
  readonly #stop = byId<HTMLButtonElement>("ask-stop");
  readonly #box = byId("answer");
  readonly #about = new Text();
  readonly #scroll = byId("answer-scroll");
  readonly #text = byId("answer-text");
  readonly #problem = byId("answer-problem");
  readonly #facts = byId<HTMLDetailsElement>("answer-facts");
  readonly #factsText = new Text();
  readonly #asOf = new Text();
  readonly #link = byId<HTMLAnchorElement>("answer-link");
  readonly #copy = byId<HTMLButtonElement>("answer-copy");
  #answer: Answer | undefined;
  #isWatched = false;
  #undrawn = "";
  #unspoken = "";
  #isFrameDue = false;

  constructor() {
    byId("answer-about").append(this.#about.node);
    byId("answer-facts-text").append(this.#factsText.node);
    byId("answer-as-of").append(this.#asOf.node);
    this.#stop.addEventListener("click", () => void this.#end());
    this.#copy.addEventListener("click", () => void this.#copyLink());
    byId("ask").addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.#answer?.state === "running") {
        event.preventDefault();
        void this.#end();
      }
    });
  }

  /** Ask what stands in the field. */
  ask(): void {
    const prompt = this.#question.value.trim();
    if (prompt === "") {
      this.#question.focus();
      return;
    }
    const model = this.#models.chosen;
    const answer = generate(prompt, {
      ...this.#options(),
      ...(model === undefined ? {} : { model }),
      symbols: "*", // those that the question names come first
      share: this.#share.checked,
    });
    forgetAddress();
    void this.#read(answer, false, this.#share.checked);
  }

  /** Watch what somebody asked, with the text so far first. */
  watch(id: string): void {
    if (this.#answer?.id === id) {
      return;
    }
    let answer: Answer;
    try {
      answer = watchAnswer(id, this.#options());
    } catch (error) {
      this.#begin(undefined, true);
      this.#say(wordsOf(error as Error));
      return;
    }
    void this.#read(answer, true, true);
  }

  #options() {
    const onProblem = ({ message }: FeedError) => this.#say(`${message}. Trying again…`);
    return { url: serverUrl(), onProblem };
  }

  async #read(answer: Answer, isWatched: boolean, isShared: boolean): Promise<void> {
    this.#begin(answer, isWatched);
    try {
      await answer.open();
      for (;;) {
        this.#told(answer, isShared);
        const piece = await answer.next();
        if (piece === undefined || this.#answer !== answer) {
          break;
        }
        this.#problem.textContent = "";
        this.#undrawn += piece;
        this.#draw();
      }
    } catch (error) {
      if (this.#answer === answer) {
        this.#say(error instanceof GenerationFailed ? error.words : wordsOf(error as Error));
      }
    }
    if (this.#answer === answer) {
      this.#over(answer);
    }
  }

  #begin(answer: Answer | undefined, isWatched: boolean): void {
    this.#answer?.close();
    this.#answer = answer;
    this.#isWatched = isWatched;
    this.#undrawn = "";
    this.#unspoken = "";
    this.#text.replaceChildren();
    voice.forget("answer");
    this.#problem.textContent = "";
    this.#facts.hidden = true;
    this.#link.hidden = true;
    this.#copy.hidden = true;
    this.#box.hidden = false;
    this.#stop.textContent = isWatched ? "Stop watching" : "Stop";
    this.#show(answer !== undefined);
    this.#about.set(answer === undefined ? "" : about(answer, isWatched));
    byId("ask").scrollIntoView({ block: matchMedia(NARROW).matches ? "start" : "nearest" });
  }

  #show(isRunning: boolean): void {
    const hadFocus = document.activeElement === this.#stop;
    this.#stop.hidden = !isRunning;
    this.#send.hidden = isRunning && !this.#isWatched;
    if (hadFocus && !isRunning) {
      this.#question.focus(); // what had the focus is gone
    }
  }

  /** Say what is known about an answer by now. */
  #told(answer: Answer, isShared: boolean): void {
    const { id, grounding } = answer;
    this.#about.set(about(answer, this.#isWatched));
    if (isShared && id !== undefined && this.#link.hidden) {
      this.#link.href = addressOf(id);
      this.#link.hidden = false;
      this.#copy.hidden = false;
    }
    if (grounding !== undefined && this.#facts.hidden) {
      this.#factsText.set(grounding.facts);
      this.#asOf.set(grounding.asOf === "" ? "" : `as of position ${grounding.asOf}`);
      this.#facts.hidden = false;
    }
  }

  #over(answer: Answer): void {
    this.#about.set(about(answer, this.#isWatched));
    this.#show(false);
    this.#draw();
  }

  /** Draw what came, with the next frame. */
  #draw(): void {
    if (this.#isFrameDue) {
      return;
    }
    this.#isFrameDue = true;
    requestAnimationFrame(() => {
      this.#isFrameDue = false;
      const { scrollTop, scrollHeight, clientHeight } = this.#scroll;
      const isAtEnd = scrollHeight - scrollTop - clientHeight < AT_END_PX;
      if (this.#undrawn !== "") {
        this.#text.append(this.#undrawn);
        this.#text.normalize(); // one node, however many pieces
      }
      this.#speak();
      if (isAtEnd) {
        this.#scroll.scrollTop = this.#scroll.scrollHeight;
      }
    });
  }

  #speak(): void {
    this.#unspoken += this.#undrawn;
    this.#undrawn = "";
    const isOver = this.#answer?.state !== "running";
    const [whole, rest] = isOver ? [this.#unspoken, ""] : sentences(this.#unspoken);
    this.#unspoken = rest;
    if (whole !== "") {
      voice.news("answer", whole, Number.POSITIVE_INFINITY);
    }
  }

  #say(words: string): void {
    this.#problem.textContent = words;
  }

  /** Stop the model, or watching it. */
  async #end(): Promise<void> {
    const answer = this.#answer;
    if (answer === undefined || this.#isWatched) {
      answer?.close();
      return;
    }
    this.#stop.disabled = true;
    try {
      await answer.cancel();
    } catch (error) {
      this.#say(`It goes on: ${(error as Error).message}`);
    } finally {
      this.#stop.disabled = false;
    }
  }

  /** Read no further: the panel is put away. */
  close(): void {
    this.#answer?.close();
    this.#answer = undefined;
    this.#show(false);
    this.#box.hidden = true;
    forgetAddress();
  }

  async #copyLink(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.#link.href);
      this.#copy.textContent = "Copied";
    } catch {
      this.#copy.textContent = "Copy it by hand"; // the browser forbids it
    }
    voice.news("copy", this.#copy.textContent, 1);
    setTimeout(() => {
      this.#copy.textContent = "Copy link";
    }, 2_000);
  }
}

/** The address of this page by which another window watches an answer. */
function addressOf(id: string): string {
  const url = new URL(location.href);
  url.hash = `answer=${id}`;
  return url.href;
}

/** Take the answer that is watched out of the address. */
function forgetAddress(): void {
  if (location.hash.startsWith("#answer=")) {
    history.replaceState(history.state, "", location.pathname + location.search);
  }
}
