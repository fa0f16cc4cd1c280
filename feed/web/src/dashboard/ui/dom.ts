/** The elements of `index.html`; those that are made are made by what the pieces use too. */

export { type Attributes, type Child, make, setData, setTitle, Text } from "../../elements/dom.ts";

/** The element with this id; a missing one is a defect of the page. */
export function byId<Element extends HTMLElement>(id: string): Element {
  const element = document.getElementById(id);
  if (element === null) {
    throw new Error(`index.html has no #${id}`);
  }
  return element as Element;
}
