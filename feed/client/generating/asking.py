"""The answer to a question of one's own: the events of the Responses API, and where they go on.

An answer is one stream of numbered events, which `GET /v1/responses/{id}?starting_after=N` goes on
with behind any of them. Where a server has kept the text as one, as after a restart, it is asked
for from its beginning, and what had come is not taken again. Knows no socket.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from feed.client.errors import Malformed, Refused
from feed.client.generating.question import Question
from feed.client.generating.transcript import Transcript, Usage
from feed.client.parsers import load_json
from feed.client.sse import SseParser
from feed.errors import shorten
from feed.market.generation_words import GenerationState

Take = Callable[[int, str], None]  # a number, and a piece of text

PATH = "v1/responses"
DELTA = "response.output_text.delta"
ERROR = "error"  # the type of an event that ends a stream in which a response cannot say it
_ENDS = {
    "response.completed": GenerationState.STOP,
    "response.incomplete": GenerationState.LENGTH,
    "response.failed": GenerationState.FAILED,
    "response.cancelled": GenerationState.CANCELLED,
    ERROR: GenerationState.FAILED,
}
_CANCELLED = "cancelled"  # the status of a response, whatever the event that tells it is called
_INTERRUPTED = "interrupted"


class Asking:
    """What is asked of a server on each connection: the question, then the rest of its answer."""

    __slots__ = ("_from_beginning", "_question", "_transcript")

    def __init__(self, question: Question, transcript: Transcript) -> None:
        self._question = question
        self._transcript = transcript
        self._from_beginning = False  # since the server does not go on where it was

    @property
    def path(self) -> str:
        """Where the next connection goes."""
        told = self._transcript.id
        return PATH if told is None else f"{PATH}/{told}"

    @property
    def body(self) -> dict[str, Any] | None:
        """The body of a POST; None: it is a GET."""
        return dict(self._question.body) if self._transcript.id is None else None

    @property
    def query(self) -> dict[str, str]:
        """The query of the next connection."""
        transcript = self._transcript
        if transcript.id is None:
            return {}
        query = {"stream": "true"}
        if transcript.number is not None and not self._from_beginning:
            query["starting_after"] = str(transcript.number)
        return query

    def begin_again(self, refused: Refused) -> bool:
        """Tell whether a refusal is one to go on, so that all of it is to be asked for."""
        goes_on = self._transcript.number is not None and not self._from_beginning
        self._from_beginning = refused.code == HTTPStatus.BAD_REQUEST and goes_on
        return self._from_beginning

    def reader(self) -> Callable[[bytes], None]:
        """Return what takes the bytes of one connection, cut anywhere, into the transcript.

        It raises `Malformed` where they are not as the API has them.
        """
        parser = SseParser()
        take = self._taken_again() if self._from_beginning else None

        def read(data: bytes) -> None:
            for event in parser.feed(data):
                read_event(load_json(event.data), self._transcript, take)

        return read

    def _taken_again(self) -> Take:
        """Return what takes pieces from the beginning on, of which some had come."""
        text = ""

        def take(number: int, piece: str) -> None:
            nonlocal text
            text += piece
            self._transcript.take_state(number, text)

        return take


def read_event(event: object, transcript: Transcript, take: Take | None = None) -> None:
    """Take an event into a transcript.

    Args:
        event: as the API has it.
        transcript: takes it.
        take: takes its number and its piece of text, in place of the transcript.

    Raises:
        Malformed: it is not as the API has it.
    """
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        raise Malformed(f"an event is an object with a type, not {shorten(event)}")
    kind, number = event["type"], event.get("sequence_number")
    if number is None and kind == ERROR:  # of the stream, not of the answer
        number = (transcript.number or 0) + 1
    if type(number) is not int:
        raise Malformed(f"{shorten(kind)} has a sequence_number, not {shorten(number)}")
    response = event.get("response")
    if isinstance(response, dict):
        _note(response, transcript)
    ends = kind in _ENDS  # whatever its number: a server that was killed may know less than we do
    if transcript.is_over or not (ends or take or transcript.is_new(number)):
        return
    piece = event.get("delta") if kind == DELTA else ""
    if not isinstance(piece, str):
        raise Malformed(f"a delta is text, not {shorten(piece)}")
    (take or transcript.take)(number, piece)
    if ends:
        _end(kind, event, response if isinstance(response, dict) else {}, transcript)


def _note(response: dict[str, Any], transcript: Transcript) -> None:
    told, model = response.get("id"), response.get("model")
    if not isinstance(told, str) or transcript.id not in {None, told}:
        raise Malformed(f"a response of {transcript.id or 'some id'} has the id {shorten(told)}")
    transcript.id = told
    if isinstance(model, str):
        transcript.model = model
    feed = response.get("feed")
    if isinstance(feed, dict):
        transcript.ground(feed.get("facts"), feed.get("as_of"))


def _end(
    kind: str, event: dict[str, Any], response: dict[str, Any], transcript: Transcript
) -> None:
    error = event if kind == ERROR else response.get("error")
    error = error if isinstance(error, dict) else {}
    code, words = str(error.get("code") or ""), str(error.get("message") or "")
    state = _ENDS[kind]
    if response.get("status") == _CANCELLED:
        state = GenerationState.CANCELLED
    elif state is GenerationState.FAILED and code == _INTERRUPTED:
        state = GenerationState.INTERRUPTED
    usage = response.get("usage")
    transcript.end(state, _usage(usage) if isinstance(usage, dict) else None, code, words)


def _usage(usage: dict[str, Any]) -> Usage | None:
    read, said = usage.get("input_tokens"), usage.get("output_tokens")
    return Usage(read, said) if type(read) is int and type(said) is int else None
