/** Making elements. Text goes in as text, so nothing that the server sends is ever markup. */

export type Child = Node | string | undefined;
export type Attributes = Record<string, string | number | boolean | undefined>;

/** Make an element; an attribute that is undefined or false is left out. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

/** Text that is written only when it differs: a write costs layout and paint, a look nothing. */
export class Text {
  readonly node: globalThis.Text;
  #written: string;

  constructor(text = "") {
    this.node = document.createTextNode(text);
    this.#written = text;
  }

  /** Write; tell whether it differed. */
  set(text: string): boolean {
    if (text === this.#written) {
      return false;
    }
    this.#written = text;
    this.node.data = text;
    return true;
  }
}

/** Set what is told of an element that is pointed at, only when it differs. */
export function setTitle(element: HTMLElement, words: string): void {
  if (element.title !== words) {
    element.title = words;
  }
}

/** Set or remove a `data-` attribute, only when it differs. */
export function setData(
  element: HTMLElement | SVGElement,
  name: string,
  value: string | undefined,
): void {
  if (element.dataset[name] !== value) {
    if (value === undefined) {
      delete element.dataset[name];
    } else {
      element.dataset[name] = value;
    }
  }
}
