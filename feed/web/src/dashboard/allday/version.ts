/**
 * Whether the server has another version of this page. Pure but for the look at the page itself.
 *
 * Each build of the page carries a name, which the server tells too (`build` of `/v1/status`).
 */

/** The name of the build that this page is of; undefined for one that is not built. */
export function ownBuild(): string | undefined {
  return document.querySelector<HTMLMetaElement>('meta[name="feed-build"]')?.content;
}

/**
 * Tell whether there is another version to be had.
 *
 * @param own the build of this page.
 * @param told that of the server; null: it has no page; undefined: older servers do not tell.
 * @param isLacking a part of this page could not be loaded.
 */
export function isAnother(
  own: string | undefined,
  told: string | null | undefined,
  isLacking: boolean,
): boolean {
  if (own === undefined || told === null) {
    return false;
  }
  return told === undefined ? isLacking : told !== own;
}
