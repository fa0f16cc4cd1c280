"""The gate before keys of words: who may read which, as those say who know whose they are.

Rooms, and who is in them, are granted by name, as symbols are, and were looked at before; alerts
are one's own. Whose all others are, their rooms of the house say.
"""

from collections.abc import Callable
from dataclasses import dataclass

from feed.errors import InvalidParameter
from feed.market.word_channels import WordChannel
from feed.trust.identity import Identity, owner_key
from feed.wire.selection import Selection
from feed.wire.word_keys import WORD_KEYS, is_own

MayRead = Callable[[Identity, str], bool]
IsKnown = Callable[[str], bool]
_NOTHING = Selection.of({})
_YOURS = "a key of something that is kept, and is yours or shared with you"


@dataclass(frozen=True, slots=True)
class Keeper:
    """Knows whose keys are.

    Attributes:
        may_read: tells whether an identity may read a key.
        is_known: tells whether anything is known of a key.
    """

    may_read: MayRead
    is_known: IsKnown


def _granted(identity: Identity, key: str) -> bool:
    return identity.grants.may_read(WordChannel.ROOMS, key)


def _own(identity: Identity, key: str) -> bool:
    return key == owner_key(identity)


def _nobody(_identity: Identity, _key: str) -> bool:
    return False


def _never(_key: str) -> bool:
    return False


class KeyGate:
    """Lets identities read keys of words."""

    __slots__ = ("_keepers",)

    def __init__(self) -> None:
        """Begin with keys that nobody may read, where nobody knows whose they are."""
        self._keepers = dict.fromkeys(WordChannel, Keeper(_nobody, _never))
        self.open(WordChannel.ROOMS, _granted, _never)
        self.open(WordChannel.PRESENCE, _granted, _never)
        self.open(WordChannel.ALERTS, _own, _never)

    def open(self, channel: WordChannel, may_read: MayRead, is_known: IsKnown) -> None:
        """Let the keys of a channel be read by whoever may; the arguments are those of `Keeper`."""
        self._keepers[channel] = Keeper(may_read, is_known)

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
            may_read = self._keepers[channel].may_read
            for key in sorted(keys - held.get(channel, frozenset())):
                if not may_read(identity, key):
                    accepted = WORD_KEYS[channel].shape if is_own(channel) else _YOURS
                    raise InvalidParameter(channel.value, key, accepted)

    def revoked(self, identity: Identity, selection: Selection) -> str:
        """Return a key of a selection that an identity may not read any more; "": there is none.

        Nothing comes any more of what is forgotten, which harms nobody. Rooms are taken out of the
        selection, as symbols are.
        """
        for channel, keys in selection.words:
            keeper = self._keepers[channel]
            for key in sorted(keys):
                if keeper.is_known(key) and not keeper.may_read(identity, key):
                    return key
        return ""
