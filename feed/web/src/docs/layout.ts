/**
 * Where the parts of Swagger UI stand: as in its own layout, but within our page.
 *
 * Its own has a second `main`, and headings of the third level below those of the first.
 */

export const LAYOUT = "Requests";

/** What we use of React, which Swagger UI brings. */
interface React {
  createElement(type: unknown, props: object | null, ...children: unknown[]): unknown;
}

interface Props {
  getComponent(name: string, isContainer?: boolean): unknown;
  specSelectors: { loadingStatus(): string };
}

const WHOLE = { mobile: 12, desktop: 12 };

/** A plugin with the layout; it is called with Swagger UI's system. */
export function laidOut({ React: { createElement } }: { React: React }): object {
  const layout = ({ getComponent, specSelectors }: Props): unknown => {
    const part = (name: string) => createElement(getComponent(name, true), null);
    const row = (className: string, name: string) =>
      createElement(
        getComponent("Row"),
        { className },
        createElement(getComponent("Col"), WHOLE, part(name)),
      );
    if (specSelectors.loadingStatus() !== "success") {
      return createElement("div", { className: "swagger-ui" }, part("errors"));
    }
    return createElement(
      "div",
      { className: "swagger-ui" },
      createElement(getComponent("SvgAssets"), null),
      row("information-container", "InfoContainer"),
      createElement(
        "div",
        { className: "scheme-container" },
        createElement(
          getComponent("Col"),
          { ...WHOLE, className: "schemes wrapper" },
          part("AuthorizeBtnContainer"),
        ),
      ),
      part("errors"),
      createElement("h2", { className: "spoken" }, "By what they are about"),
      row("", "operations"),
      row("", "Models"),
    );
  };
  return { components: { [LAYOUT]: layout } };
}
