/** Where the paths of the server begin: where this page is, behind a prefix of a proxy or not. */
export function serverUrl(): string {
  return new URL(".", location.href).href;
}
