"""The gate before keys of words: who may read which, as those say who know whose they are."""

from collections.abc import Callable

from feed.errors import InvalidParameter
from feed.market.word_channels import WordChannel
from feed.trust.identity import Identity
from feed.wire.selection import Selection

MayRead = Callable[[Identity, WordChannel, str], bool]


IsKnown = Callable[[WordChannel, str], bool]
_NOTHING = Selection.of({})


def _nobody(_identity: Identity, _channel: WordChannel, _key: str) -> bool:
    return False


def _nothing(_channel: WordChannel, _key: str) -> bool:
    return False


class KeyGate:
    """Lets identities read keys of words.

    Attributes:
        may_read: tells whether an identity may read a key; nobody may before it is set.
        is_known: tells whether anything is known of a key.
    """

    __slots__ = ("is_known", "may_read")

    def __init__(self) -> None:
        """Begin with keys that nobody may read."""
        self.may_read: MayRead = _nobody
        self.is_known: IsKnown = _nothing

    def check(self, identity: Identity, selection: Selection, had: Selection = _NOTHING) -> None:
        """Refuse a selection with a key that somebody may not read, or that never was.

        Which of both, nobody is told.

        Args:
            identity: who asks.
            selection: what they ask for.
            had: what they have already, of which something may be forgotten meanwhile.

        Raises:
            InvalidParameter: names the key.
        """
        held = dict(had.words)
        for channel, keys in selection.words:
            for key in sorted(keys - held.get(channel, frozenset())):
                if not self.may_read(identity, channel, key):
                    accepted = "a key of something that is kept, and is yours or shared with you"
                    raise InvalidParameter(channel.value, key, accepted)

    def revoked(self, identity: Identity, selection: Selection) -> str:
        """Return a key of a selection that an identity may not read any more; "": there is none.

        Nothing comes any more of what is forgotten, which harms nobody.
        """
        for channel, keys in selection.words:
            for key in sorted(keys):
                if self.is_known(channel, key) and not self.may_read(identity, channel, key):
                    return key
        return ""
