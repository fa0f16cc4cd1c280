/** What is kept in this browser for the next visit: lists, and the last view. All tabs agree. */

import { serverUrl } from "../ui/server-url.ts";
import { kept } from "../ui/storage.ts";
import { type Lists, readLists, readOldList, writeLists } from "./lists.ts";

/**
 * One for each server; several may share an origin, each with a prefix of its own. The plain pages
 * read the look of the view (feed/http/page/look.js).
 */
const { pathname } = new URL(serverUrl());
const OF_SERVER = pathname === "/" ? "" : ` ${pathname}`;
const LISTS = `feed.lists${OF_SERVER}`;
const OLD_LIST = `feed.watchlist${OF_SERVER}`;
const VIEW = `feed.view${OF_SERVER}`;

export function keptLists(): Lists | undefined {
  return readLists(kept.read(LISTS)) ?? readOldList(kept.read(OLD_LIST));
}

export function keepLists(lists: Lists): void {
  kept.write(LISTS, writeLists(lists));
}

/** Call back with the lists that another tab has changed. */
export function onListsChanged(listener: (lists: Lists) => void): void {
  // `key` is null where everything was cleared: then what is shown stays.
  addEventListener("storage", ({ key, newValue }) => {
    const lists = key === LISTS ? readLists(newValue) : undefined;
    if (lists !== undefined) {
      listener(lists);
    }
  });
}

/** The query of the last view; "": there was none. */
export function keptView(): string {
  return kept.read(VIEW) ?? "";
}

export function keepView(search: string): void {
  kept.write(VIEW, search);
}

/** Call back with the query of the view of another tab, whenever that changes. */
export function onViewChanged(listener: (search: string) => void): void {
  addEventListener("storage", ({ key, newValue }) => {
    if (key === VIEW && newValue !== null) {
      listener(newValue);
    }
  });
}
