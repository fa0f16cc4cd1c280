"""The archive: which generations are known, by their ids and by their conversations.

Whether an id never was, is forgotten, or is somebody else's is one and the same to whoever asks.
"""

from collections.abc import Callable

from feed.generations.errors import UnknownGeneration
from feed.generations.generation import Generation
from feed.trust.identity import Identity

_Chat = tuple[str, str, str]  # whose conversation, and its name


class Archive:
    """All generations that are running, or kept."""

    __slots__ = ("_by_chat", "_by_id")

    def __init__(self) -> None:
        self._by_id: dict[str, Generation] = {}
        self._by_chat: dict[_Chat, Generation] = {}  # the newest of each

    def __len__(self) -> int:
        return len(self._by_id)

    def add(self, generation: Generation) -> None:
        """Know a generation, the newest of its conversation from now on."""
        self._by_id[generation.id] = generation
        if (chat := _chat_of(generation)) is not None:
            self._by_chat[chat] = generation

    def get(self, key: str) -> Generation | None:
        """Return the generation of an id, whoever may read it; None: there is none."""
        return self._by_id.get(key)

    def may_watch(self, identity: Identity, key: str) -> bool:
        """Tell whether somebody may read the generation of an id."""
        generation = self._by_id.get(key)
        return generation is not None and generation.ownership.may_watch(identity, key)

    def find(self, key: str, identity: Identity) -> Generation:
        """Return the generation of an id, if somebody may read it.

        Raises:
            UnknownGeneration: there is none, or they may not.
        """
        if not self.may_watch(identity, key):
            raise UnknownGeneration(key)
        return self._by_id[key]

    def find_chat(self, name: str, identity: Identity) -> Generation:
        """Return the newest generation of one's own conversation, or else that of an id.

        Raises:
            UnknownGeneration: there is neither.
        """
        own = self._by_chat.get((identity.kind, identity.id, name))
        return self.find(name, identity) if own is None else own

    def forget(self, generation: Generation) -> None:
        """Know a generation no longer."""
        del self._by_id[generation.id]
        chat = _chat_of(generation)
        if chat is not None and self._by_chat.get(chat) is generation:
            del self._by_chat[chat]

    def prune(self, is_kept: Callable[[str], bool]) -> None:
        """Forget those that are over and that nobody keeps the words of."""
        for generation in list(self._by_id.values()):
            if generation.is_over and not is_kept(generation.id):
                self.forget(generation)


def _chat_of(generation: Generation) -> _Chat | None:
    owner, asked = generation.ownership.owner, generation.asked
    if owner is None or asked is None or asked.chat_id is None:
        return None
    return owner.kind, owner.id, asked.chat_id
