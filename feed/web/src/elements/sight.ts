/** Whether anybody can see the page: what is hidden is not painted, and painted once when it is shown. */

export function isHidden(): boolean {
  return document.visibilityState === "hidden";
}

/** Call back once, when a page that is hidden is shown. */
export function whenShown(act: () => void): void {
  document.addEventListener("visibilitychange", act, { once: true });
}

/** Call back each time that the page is shown again. */
export function onShown(act: () => void): void {
  document.addEventListener("visibilitychange", () => {
    if (!isHidden()) {
      act();
    }
  });
}

/** Call back before the next paint that anybody sees; of a hidden page, once it is shown again. */
export function seenFrame(callback: (nowMs: number) => void): void {
  if (isHidden()) {
    whenShown(() => seenFrame(callback));
  } else {
    requestAnimationFrame((nowMs) => {
      if (isHidden()) {
        seenFrame(callback); // it was hidden meanwhile
      } else {
        callback(nowMs);
      }
    });
  }
}
