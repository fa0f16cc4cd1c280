/** Where the paths of the server begin: as it says itself behind a proxy, or where this page is. */
export function serverUrl(): string {
  return new URL(document.documentElement.dataset["base"] ?? ".", location.href).href;
}
