/**
 * Signing in and out: a key or a token is shown once, for a cookie that this page never sees.
 *
 * Nothing is kept here but that somebody is signed in, so that the button to sign out is there.
 */

import { byId } from "./dom.ts";
import { keptInTab } from "./storage.ts";

const SIGNED_IN = "feed.signedIn";

/** Ask for a key or a token until the server accepts one; resolves once it has. */
export function signIn(): Promise<void> {
  const dialog = byId<HTMLDialogElement>("sign-in");
  const form = byId<HTMLFormElement>("sign-in-form");
  const input = byId<HTMLInputElement>("credential");
  const problem = byId("sign-in-problem");
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
        keptInTab.write(SIGNED_IN, "yes");
        dialog.close();
        offerSignOut();
        resolve();
      } else {
        input.select();
      }
    };
  });
}

/** Show the button to sign out where somebody is signed in. */
export function offerSignOut(): void {
  const button = byId<HTMLButtonElement>("sign-out");
  button.hidden = keptInTab.read(SIGNED_IN) === null;
  button.onclick = async () => {
    await fetch("v1/sign-out", { method: "POST" });
    keptInTab.write(SIGNED_IN, null);
    location.reload();
  };
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
