"""The answer to somebody's question: words of the channel `generations`, over the feed's own SSE.

Each connection begins with the state, which is the text so far; words follow by their numbers. So
nothing is missed between two connections, and nothing comes twice. Knows no socket.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from feed.client.errors import Malformed, Refused
from feed.client.generating.transcript import Transcript, Usage
from feed.client.parsers import SseMessageParser
from feed.errors import InvalidParameter, shorten
from feed.market.generation_words import ID_SHAPE, GenerationState, GenerationType, is_generation_id
from feed.wire.error_codes import Consequence, consequence_of

PATH = "v1/sse"
_TYPES = frozenset(GenerationType)


class Watching:
    """What is asked of a server on each connection: the state of a generation, then its words."""

    __slots__ = ("_transcript",)

    path: ClassVar[str] = PATH
    body: ClassVar[None] = None

    def __init__(self, transcript: Transcript) -> None:
        """Watch the generation whose id a transcript has.

        Raises:
            InvalidParameter: it is not an id.
        """
        if not isinstance(transcript.id, str) or not is_generation_id(transcript.id):
            raise InvalidParameter("id", transcript.id, ID_SHAPE)
        self._transcript = transcript

    @property
    def query(self) -> dict[str, str]:
        """The query of the next connection."""
        return {"generations": str(self._transcript.id), "snapshot": "1"}

    def begin_again(self, refused: Refused) -> bool:
        """Return False: each connection begins with all of it."""
        del refused
        return False

    def reader(self) -> Callable[[bytes], None]:
        """Return what takes the bytes of one connection, cut anywhere, into the transcript.

        It raises `Malformed` where they are not as the dialect has them, and `Refused` where the
        server says that there is nothing to watch.
        """
        parser = SseMessageParser("json")

        def read(data: bytes) -> None:
            for message in parser.feed(data):
                for word in message.objects:
                    read_word(word, self._transcript)

        return read


def read_word(word: dict[str, Any], transcript: Transcript) -> None:
    """Take a word into a transcript.

    Raises:
        Malformed: it is not as the dialect has it.
        Refused: it is the server's that there is nothing to watch.
    """
    kind = word.get("T")
    if kind in {"error", "bye"}:
        _judge(word, transcript)
    if transcript.is_over or kind not in _TYPES or word.get("id") != transcript.id:
        return  # marks, snapshots, gaps: after a gap the state is told again
    number, text = word.get("n"), word.get("text", "")
    if type(number) is not int or not isinstance(text, str):
        raise Malformed(f"a word has a number n and a text, not {shorten(word)}")
    if kind == GenerationType.GENERATION:
        transcript.model = str(word.get("model") or transcript.model)
        transcript.ground(word.get("facts"), word.get("as_of"))
        transcript.take_state(number, text)
    elif kind == GenerationType.TOKEN and transcript.number is None:
        return  # it is in the state, which follows
    elif kind == GenerationType.GENERATED or transcript.is_new(number):
        # An end is one whatever its number: a server that was killed may know less than we do.
        transcript.take(number, text)
    else:
        return
    state = _state(word["state"]) if "state" in word else GenerationState.RUNNING
    if state is not GenerationState.RUNNING:
        code, words = str(word.get("code") or ""), str(word.get("msg") or "")
        transcript.end(state, _usage(word), code, words)


def _judge(word: dict[str, Any], transcript: Transcript) -> None:
    code, words = word.get("code"), str(word.get("msg") or word.get("reason") or "")
    ends = type(code) is int and consequence_of(code) is Consequence.ENDS_FOR_GOOD
    if ends or word.get("reconnect") is False:
        raise Refused(f"{PATH}?generations={transcript.id}", code, words, by_feed=True)


def _state(value: object) -> GenerationState:
    try:
        return GenerationState(str(value))
    except ValueError:
        known = ", ".join(GenerationState)
        raise Malformed(f"a generation is one of {known}, not {shorten(value)}") from None


def _usage(word: dict[str, Any]) -> Usage | None:
    read, said = word.get("prompt_tokens"), word.get("completion_tokens")
    return Usage(read, said) if type(read) is int and type(said) is int else None
