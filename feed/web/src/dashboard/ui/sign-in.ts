/**
 * Signing in and out: a key or a token is shown once, for a cookie that this page never sees.
 *
 * Kept is only that somebody is signed in, for all tabs as the cookie is, and why a visit has ended.
 */

import { byId } from "./dom.ts";
import { kept, keptInTab } from "./storage.ts";

const SIGNED_IN = "feed.signedIn";
const ENDED = "feed.ended";

/** Why the visit before this page has ended; "": it has not. */
const endedBefore = keptInTab.read(ENDED) ?? "";
keptInTab.write(ENDED, null);

/**
 * Ask for a key or a token until the server accepts one; resolves once it has.
 *
 * @param reason why the server does not accept what it was shown before; "": it was shown nothing.
 */
export function signIn(reason: string): Promise<void> {
  const dialog = byId<HTMLDialogElement>("sign-in");
  const form = byId<HTMLFormElement>("sign-in-form");
  const input = byId<HTMLInputElement>("credential");
  const problem = byId("sign-in-problem");
  byId("sign-in-why").textContent = whyAgain(reason);
  dialog.addEventListener("cancel", (event) => event.preventDefault()); // there is nothing behind it
  if (!dialog.open) {
    dialog.showModal();
  }
  return new Promise((resolve) => {
    form.onsubmit = async (event) => {
      event.preventDefault();
      const words = await show(input.value.trim());
      problem.textContent = words ?? "";
      if (words === undefined) {
        input.value = "";
        kept.write(SIGNED_IN, "yes");
        dialog.close();
        offerSignOut();
        resolve();
      } else {
        input.select();
      }
    };
  });
}

/** Why somebody has to sign in who was signed in; "" where nobody was. */
function whyAgain(reason: string): string {
  const wasSignedIn = kept.read(SIGNED_IN) !== null;
  const words = reason || endedBefore || (wasSignedIn ? "your visit has ended" : "");
  return words === "" ? "" : `${words.replace(/; sign in again$/, "")}. Sign in again.`;
}

/** Begin anew with signing in: the visit has ended, and why. */
export function signInAgain(reason: string): void {
  keptInTab.write(ENDED, reason);
  location.reload();
}

/** Show the button to sign out where somebody is signed in. */
export function offerSignOut(): void {
  const button = byId<HTMLButtonElement>("sign-out");
  button.hidden = kept.read(SIGNED_IN) === null;
  button.onclick = async () => {
    await fetch("v1/sign-out", { method: "POST" });
    kept.write(SIGNED_IN, null);
    signInAgain("you have signed out");
  };
}

/** Sign out where another tab does. */
export function followSignOut(): void {
  addEventListener("storage", ({ key, newValue }) => {
    if (key === SIGNED_IN && newValue === null) {
      signInAgain("you have signed out in another tab");
    }
  });
}

/** Show a credential; return why it is not accepted, or undefined where it is. */
async function show(credential: string): Promise<string | undefined> {
  try {
    const response = await fetch("v1/tickets", {
      method: "POST",
      headers: { Authorization: `Bearer ${credential}`, "Content-Type": "application/json" },
      body: "{}",
    });
    if (response.ok) {
      return undefined;
    }
    const { detail } = (await response.json()) as { detail?: string };
    return detail ?? `the server answered ${response.status}`;
  } catch (error) {
    return `the server could not be asked: ${(error as Error).message}`;
  }
}
