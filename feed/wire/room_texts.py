"""The texts that people write in rooms: which are accepted, for servers and clients alike.

Whatever a text shows on a screen is what it says: characters that turn the order of others around,
or that no screen has, are not accepted. Knows no model and no message.
"""

import re

MOST_LETTERS = 4_000
MOST_BYTES = 16_000
MOST_NOTE_LETTERS = 200
MOST_NAME_LETTERS = 32
MOST_ID_LETTERS = 64
ID = re.compile(rf"[A-Za-z0-9_.:-]{{1,{MOST_ID_LETTERS}}}")
_LEGIBLE = (
    "no control characters but line feed and tab, no halves of characters, and none that turn the "
    "order of others around"
)
ID_SHAPE = f"an id of 1 to {MOST_ID_LETTERS} letters, digits, '-', '_', '.' and ':'"
TEXT_SHAPE = f"a text of 1 to {MOST_LETTERS} characters, {MOST_BYTES} bytes of UTF-8; {_LEGIBLE}"
NOTE_SHAPE = f"a line of at most {MOST_NOTE_LETTERS} characters; {_LEGIBLE}"
NAME_SHAPE = f"a name of at most {MOST_NAME_LETTERS} printable characters; {_LEGIBLE}"
# C0 and C1 but \t and \n, halves of characters, and overrides and isolates of the bidirectional
# algorithm (UAX #9), by which a text looks like another one.
_ILLEGIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


def is_id(text: str) -> bool:
    """Tell whether a text may be the id of a message."""
    return ID.fullmatch(text) is not None


def is_text(text: str) -> bool:
    """Tell whether a text may be said."""
    # The length before all others: nobody looks through megabytes.
    if not 0 < len(text) <= MOST_LETTERS or _ILLEGIBLE.search(text) or not text.strip():
        return False
    return len(text.encode()) <= MOST_BYTES


def is_note(text: str) -> bool:
    """Tell whether a text may be the note of an entry."""
    return len(text) <= MOST_NOTE_LETTERS and not _ILLEGIBLE.search(text) and "\n" not in text


def is_name(text: str) -> bool:
    """Tell whether somebody may call themselves so."""
    return len(text) <= MOST_NAME_LETTERS and text.isprintable() and not _ILLEGIBLE.search(text)
