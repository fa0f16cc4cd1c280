"""The gate before keys of words: who may read which, as those say who know whose they are."""

from collections.abc import Callable

from feed.errors import InvalidParameter
from feed.market.words import WordChannel
from feed.trust.identity import Identity
from feed.wire.selection import Selection

MayRead = Callable[[Identity, WordChannel, str], bool]


def _nobody(_identity: Identity, _channel: WordChannel, _key: str) -> bool:
    return False


class KeyGate:
    """Lets identities read keys of words.

    Attributes:
        may_read: tells whether an identity may read a key; nobody may before it is set.
    """

    __slots__ = ("may_read",)

    def __init__(self) -> None:
        """Begin with keys that nobody may read."""
        self.may_read: MayRead = _nobody

    def check(self, identity: Identity, selection: Selection) -> None:
        """Refuse a selection with a key that somebody may not read, or that never was.

        Which of both, nobody is told.

        Raises:
            InvalidParameter: names the key.
        """
        for channel, keys in selection.words:
            for key in sorted(keys):
                if not self.may_read(identity, channel, key):
                    accepted = "a key of something that is kept, and is yours or shared with you"
                    raise InvalidParameter(channel.value, key, accepted)

    def allows(self, identity: Identity, selection: Selection) -> bool:
        """Tell whether an identity may read all keys of a selection."""
        named = ((channel, key) for channel, keys in selection.words for key in keys)
        return all(self.may_read(identity, channel, key) for channel, key in named)
