"""A room's server without a socket, by the server's own rules of lists, that loses answers."""

from collections.abc import Callable
from typing import Any

from feed.client.calls import Call
from feed.client.errors import Refused
from feed.client.link import Lost
from feed.errors import Clash, Missing
from feed.market.room_words import EntryWord
from feed.market.shared_list import Wanted, changes, in_order


class LossyRoom:
    """Does what calls say; whether the answer arrives, `loses` decides.

    Attributes:
        said: texts of messages, by id, in the order in which they were published.
        gone: ids of messages that were deleted.
        entries: of the list, removed ones too.
        published: how often something was.
    """

    def __init__(self, loses: Callable[[], bool]) -> None:
        self.said: dict[str, str] = {}
        self.gone: set[str] = set()
        self.entries: dict[str, EntryWord] = {}
        self.published = 0
        self._loses = loses

    @property
    def listed(self) -> list[tuple[str, str]]:
        """Symbols and their notes, in order."""
        return [(each.entry, each.note) for each in in_order(self.entries)]

    def do(self, call: Call) -> dict[str, Any]:
        """Do it, and return the answer.

        Raises:
            Lost: the call did not arrive, or the answer does not.
            Refused: it is not done.
        """
        if self._loses():
            raise Lost("on its way")
        try:
            answer = self._do(call)
        except Refused:
            if self._loses():
                raise Lost("on its way back") from None
            raise
        if self._loses():
            raise Lost("on its way back")
        return answer

    def _do(self, call: Call) -> dict[str, Any]:
        *_, what = call.path
        body = dict(call.body or {})
        if what == "list":
            return self._change(body)
        if what == "messages":
            return self._say(body)
        if what not in self.said:
            raise refused(410 if what in self.gone else 404, "there is none")
        if call.method == "DELETE":
            del self.said[what]
            self.gone.add(what)
        else:
            self.said[what] = body["text"]
        return self._published()

    def _say(self, body: dict[str, Any]) -> dict[str, Any]:
        if body["id"] in self.said:
            return {"pos": "aaaa-1"}
        self.said[body["id"]] = body["text"]
        return self._published()

    def _change(self, body: dict[str, Any]) -> dict[str, Any]:
        seen = Wanted(body["symbol"], note=body.get("note"), version=body["version"])
        before = body.get("before")
        wanted = {
            "add": Wanted(seen.symbol, True, "before" in body, before, seen.note, seen.version),
            "remove": Wanted(seen.symbol, False, version=seen.version),
            "move": Wanted(seen.symbol, moves=True, before=before, version=seen.version),
            "note": Wanted(seen.symbol, note=seen.note or "", version=seen.version),
        }[body["op"]]
        try:
            found = changes(self.entries, wanted)
        except Clash as clash:
            entry = self.entries.get(seen.symbol)
            there = {} if entry is None else {"entry": told(entry)}
            raise refused(409, str(clash), **clash.there, **there) from None
        except Missing as missing:
            raise refused(404, str(missing)) from None
        for each in found:
            self.entries[each.symbol] = EntryWord(
                "desk", each.type, each.symbol, 0, each.version, each.place, each.note
            )
        return self._published() if found else {"pos": None}

    def _published(self) -> dict[str, Any]:
        self.published += 1
        return {"pos": f"aaaa-{self.published}"}


def told(entry: EntryWord) -> dict[str, Any]:
    """Return an entry as a refusal tells it."""
    return {
        "T": entry.type.value,
        "symbol": entry.entry,
        "version": entry.version,
        "note": entry.note,
    }


def refused(code: int, words: str = "no", **problem: Any) -> Refused:
    return Refused("http://x", code, words, by_feed=True, problem=problem)
