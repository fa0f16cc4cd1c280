/** As much of a page as elements that are made, written and listened to need; all are of one size. */

export class FakeElement extends EventTarget {
  style: Record<string, string> = {};
  dataset: Record<string, string> = {};
  title = "";
  textContent = "";
  hidden = false;
  scrollTop = 0;
  clientHeight = 100;
  offsetHeight = 10;
  append(): void {}
  prepend(): void {}
  replaceChildren(): void {}
  setAttribute(): void {}
  focus(): void {}
}

/** A document whose elements are there by any id; `made` are those that were made. */
export class FakePage extends EventTarget {
  readonly made: FakeElement[] = [];
  readonly documentElement = new FakeElement();
  readonly body = new FakeElement();
  visibilityState = "visible";
  readonly #byId = new Map<string, FakeElement>();

  createElement(): FakeElement {
    const element = new FakeElement();
    this.made.push(element);
    return element;
  }

  createTextNode(data: string): { data: string } {
    return { data };
  }

  getElementById(id: string): FakeElement {
    const element = this.#byId.get(id) ?? new FakeElement();
    this.#byId.set(id, element);
    return element;
  }
}
