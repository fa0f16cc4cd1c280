"""Lines of `.ndjson` that are no JSON, and the rows in them that are whole all the same.

What `cat a b` makes of two captures, one of which was cut off: only rows that are broken are
skipped, and that is the one in which the first file ends. And what a file is that holds one array
over many lines. Knows how objects begin; knows no tick.
"""

import json
import re
from itertools import islice, pairwise

# Inside a line an object follows a bracket, a comma or a colon, with spaces or without. One that
# follows anything else, and an array inside a line, are where another file begins.
_OBJECT = rb'\{"\w+"\s*:'
_FILE = re.compile(rb"(?:(?<=.)\[|(?<![\[,:\s]))" + _OBJECT, re.DOTALL)
_ANY = re.compile(_OBJECT.decode())
_AROUND = re.compile(r"[\s,]*\[?[\s,]*\]?[\s,]*")
_MOST_BROKEN = 16  # objects and captures of a line; a hostile one could hold a hundred thousand
_decoder = json.JSONDecoder()


def captures(line: bytes) -> list[bytes]:
    """Return the parts of a line that are of different captures; one where it is of one."""
    seams = islice(_FILE.finditer(line, 1), _MOST_BROKEN)
    places = [0, *(seam.start() for seam in seams), len(line)]
    return [line[begin:end] for begin, end in pairwise(places)]


def whole_objects(line: bytes) -> tuple[list[bytes], bool]:
    """Return the objects with a `T` that are whole in a line, and whether that is all there is.

    Only parts of an array may stand around them: a file may be one array, an object a line.
    """
    text = line.decode(errors="replace")
    found: list[bytes] = []
    around: list[str] = []
    place = begin = broken = 0
    while broken < _MOST_BROKEN and (beginning := _ANY.search(text, begin)) is not None:
        begin = beginning.start()
        try:
            value, end = _decoder.raw_decode(text, begin)
        except (ValueError, RecursionError):
            begin += 1
            broken += 1
            continue
        if "T" in value:
            found.append(text[begin:end].encode())
            around.append(text[place:begin])
            place = end
        begin = end
    around.append(text[place:])
    return found, _AROUND.fullmatch("".join(around)) is not None
