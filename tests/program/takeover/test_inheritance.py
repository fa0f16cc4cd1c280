"""What is handed on at the cut, as bytes and back."""

from typing import Any

import pytest

from feed.broadcast.log import Deletion
from feed.errors import InvalidMessage
from feed.program.takeover.inheritance import Inheritance, pack, unpack
from feed.program.takeover.succession import inherited

META: dict[str, Any] = {
    "epoch": "k3f9",
    "sequence": 105,
    "strands": {"sim": {"bars": "later", "health": 2}},
}


def test_what_is_handed_on_comes_as_it_is() -> None:
    handed = Inheritance(META, 100, True, [Deletion("desk", "m1", 3, 9)], {"pipe": b"symbol"})
    assert unpack(pack(handed)) == handed
    assert handed.sequence == 105


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x90", b"\x95\x80\x00\xc2\x90\x80"])
def test_what_is_something_else_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidMessage, match="no state"):
        unpack(data)


def test_bars_are_those_of_the_checkpoint_before_and_all_else_of_the_end() -> None:
    known = {"strands": {"sim": {"bars": "earlier", "health": 1}}, "sequence": 90}
    assert inherited(META, known)["strands"]["sim"] == {"bars": "earlier", "health": 2}
    assert inherited(META, known)["sequence"] == 105
