/**
 * The dialect's error codes, as far as the client acts on them.
 *
 * Made from the table in feed/wire/error_codes.py by `python -m cogapp -r` on this file; a test of
 * the wire fails where it is stale.
 */

// [[[cog
// import cog
// from feed.wire.error_codes import Consequence, ErrorCode
//
// cog.outl("/** A control message, or a query, was not understood. */")
// cog.outl(f"export const INVALID_SYNTAX = {int(ErrorCode.INVALID_SYNTAX)};")
// for words, name, consequence in (
//     ("Codes after which coming back is useless.", "FINAL_CODES", Consequence.ENDS_FOR_GOOD),
//     ("Codes that answer a request; others concern the connection.", "ANSWERING_CODES",
//      Consequence.REQUEST_REFUSED),
//     ("Codes after which the connection goes on as it was.", "PASSING_CODES",
//      Consequence.GOES_ON),
// ):
//     codes = [int(code) for code in ErrorCode if code.consequence is consequence]
//     cog.outl(f"/** {words} */")
//     cog.outl(f"export const {name}: ReadonlySet<number> = new Set({codes});")
// ]]]
/** A control message, or a query, was not understood. */
export const INVALID_SYNTAX = 400;
/** Codes after which coming back is useless. */
export const FINAL_CODES: ReadonlySet<number> = new Set([401, 402, 404, 409]);
/** Codes that answer a request; others concern the connection. */
export const ANSWERING_CODES: ReadonlySet<number> = new Set([400, 405]);
/** Codes after which the connection goes on as it was. */
export const PASSING_CODES: ReadonlySet<number> = new Set([403]);
// [[[end]]]
