/** The links in the foot of the page, and the buttons in its head that are there now and then. */

import { byId } from "./dom.ts";

/** Where they lead, and how to go there. */
export function links(): { name: string; go(): void }[] {
  const pages = [...document.querySelectorAll<HTMLAnchorElement>("footer > a")];
  const signOut = byId("sign-out");
  return [...pages, ...(signOut.hidden ? [] : [signOut])].map((link) => ({
    name: link.textContent ?? "",
    go: () => link.click(),
  }));
}
