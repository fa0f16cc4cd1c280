/**
 * Keeps the address, and what is remembered for the next visit, as the view is.
 *
 * The look is of all tabs, and of no link that does not say it; everything else of a view is of its own
 * tab.
 */

import { keepView, keptView, onViewChanged } from "../watchlist/kept.ts";
import { hasView, type Offered, readView, type View, withLook, writeView } from "./address.ts";

/** Browsers let a page change its address a few times a second only. */
const WRITE_MS = 250;

/** How all of the page looks, and by which clock. */
export type Look = Pick<View, "theme" | "colours" | "zone">;

export class ViewKeeper {
  /** What the page began with. */
  readonly initial: View;
  /** What of it was not accepted, in words. */
  readonly refused: readonly string[];
  readonly #look: () => View;
  readonly #isListKept: () => boolean;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    offered: Offered,
    parts: {
      /** Return the view as it is now. */
      look: () => View;
      /** Whether the list is one's own, and no link's. */
      isListKept: () => boolean;
      /** Another tab has another look. */
      looked: (look: Look) => void;
    },
  ) {
    this.#look = parts.look;
    this.#isListKept = parts.isListKept;
    const kept = keptView();
    const asked = readView(location.search, offered);
    const { view, refused } = hasView(location.search) ? asked : readView(kept, offered);
    this.initial = { ...withLook(view, readView(kept, offered).view), wall: asked.view.wall };
    this.refused = [...new Set([...asked.refused, ...refused])];
    onViewChanged((other) => parts.looked(readView(other, offered).view));
  }

  /** Something of the view differs. */
  changed(): void {
    this.#timer ??= setTimeout(() => this.#write(), WRITE_MS);
  }

  /** The address of this view, for anybody. */
  get link(): string {
    const { origin, pathname, search } = location;
    return `${origin}${pathname}${writeView(this.#look(), search)}`;
  }

  #write(): void {
    this.#timer = undefined;
    const view = this.#look();
    const { pathname, search, hash } = location;
    const written = writeView(view, search);
    if (written !== search) {
      history.replaceState(history.state, "", `${pathname}${written}${hash}`);
    }
    // The next visit begins with one's own list as it is then, not with that of a link, and at the desk.
    const list = this.#isListKept() ? view.list : undefined;
    const kept = { ...view, list, symbols: undefined, wall: undefined };
    const remembered = writeView(kept, "");
    if (remembered !== keptView()) {
      keepView(remembered);
    }
  }
}
