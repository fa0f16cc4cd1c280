// The theme, the colours and the time zone that were chosen at the desk, for the pages beside it.
//
// The desk keeps its view in this browser, as the query of an address. This runs before anything is drawn.
"use strict";

{
  const root = document.documentElement;
  const { pathname } = new URL(root.dataset.base ?? ".", location.href); // of the desk
  const KEY = `feed.view${pathname === "/" ? "" : ` ${pathname}`}`;
  const isZone = (name) => {
    try {
      return new Intl.DateTimeFormat("en", { timeZone: name }).format() !== "";
    } catch {
      return false;
    }
  };
  const ACCEPTED = {
    theme: (name) => ["light", "dark"].includes(name),
    colours: (name) => name === "blue-orange",
    zone: isZone,
  };

  const follow = (search) => {
    const view = new URLSearchParams(search ?? "");
    for (const [name, accepted] of Object.entries(ACCEPTED)) {
      const chosen = view.get(name);
      if (chosen && accepted(chosen)) root.dataset[name] = chosen;
      else delete root.dataset[name];
    }
  };

  try {
    follow(localStorage.getItem(KEY));
  } catch {
    // Where a page may keep nothing, nothing was chosen.
  }
  addEventListener("storage", ({ key, newValue }) => {
    if (key === KEY) follow(newValue);
  });
}
