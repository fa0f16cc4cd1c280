/** The keys of the page: what is pressed, and where, becomes a command. */

import type { Command } from "./commands/command.ts";
import { commandFor, type Focus, type Keyboard } from "./commands/press.ts";
import { layers } from "./ui/layers.ts";

/** Have the keys of commands work, and Escape put the topmost thing away. */
export function listenToKeys(commands: () => readonly Command[], keyboard: () => Keyboard): void {
  document.addEventListener("keydown", (event) => {
    const isHeld = event.repeat && !event.key.startsWith("Arrow");
    if (event.defaultPrevented || event.isComposing || isHeld) {
      return; // a piece has heeded it, or it is part of a word, or a hand lies on it
    }
    const focus = focusOf(event.composedPath()[0]);
    if (event.key === "Escape") {
      const isOfBrowser = document.querySelector("[popover=auto]:popover-open") !== null;
      if (focus !== "dialog" && !isOfBrowser && layers.closeTop()) {
        event.preventDefault();
      }
      return;
    }
    const meant = commandFor(event, focus, commands(), keyboard());
    if (meant !== undefined) {
      if (!meant.isTyped) {
        event.preventDefault();
      } // else the letter is typed where the focus is then
      meant.command.run();
    }
  });
}

/** What the element that has the focus, within pieces too, does with keys. */
function focusOf(target: EventTarget | undefined): Focus {
  if (!(target instanceof Element)) {
    return "page";
  }
  if (document.querySelector("dialog:modal") !== null || target.closest("[popover]") !== null) {
    return "dialog";
  }
  if (target.closest("input:not([type=radio], [type=checkbox]), select, textarea") !== null) {
    return "field";
  }
  return target.closest("input, [tabindex]") === null ? "page" : "piece";
}

/** Whether the Command key is what Ctrl is elsewhere. */
export function isMac(): boolean {
  return /mac|iphone|ipad/i.test(navigator.platform);
}
