"""What is asked of a language model, whatever API it was asked by."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation.

    Attributes:
        role: "system", "user" or "assistant".
        content: its text.
    """

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Echo:
    """The fields of a request that answers of the Responses API repeat, under its names."""

    instructions: str | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    metadata: tuple[tuple[str, str], ...] = ()
    background: bool = False
    store: bool = True


NO_ECHO = Echo()


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for a generation.

    Attributes:
        model: by its name; "" where the API lets the server choose.
        turns: the conversation, oldest first; there is at least one.
        max_tokens: the most that the model may say; None: as much as the server allows.
        temperature: of the model; None: its own.
        stream: whether the answer is read while it is written.
        share: whether others may watch.
        symbols: what the prompt is grounded on; () is all symbols, None is no grounding.
        include_usage: whether a stream of the chat API ends with the number of tokens.
        chat_id: the client's own name of the conversation, by which it resumes.
        background: whether an answer that is not streamed comes before it is written.
        echo: what answers repeat.
    """

    model: str
    turns: tuple[Turn, ...]
    max_tokens: int | None = None
    temperature: float | None = None
    stream: bool = False
    share: bool = False
    symbols: tuple[str, ...] | None = None
    include_usage: bool = False
    chat_id: str | None = None
    background: bool = False
    echo: Echo = NO_ECHO
