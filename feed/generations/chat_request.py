"""The request for a chat completion, as an upstream accepts it.

OpenAI-compatible servers differ in what they refuse: older ones do not know `stream_options`, and
OpenAI's newer models want `max_completion_tokens` in place of `max_tokens`. So a request begins
with the usual manners, and is made again with others where it is refused for them. Knows no socket.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from feed.generations.facts import Facts
from feed.generations.refusals import Refusal
from feed.wire.generations.asked import Asked

_GROUNDING = (
    "You answer about a market. Facts that were just measured follow. Every figure in your answer "
    "must be among them, or be worked out from them; where they do not say what is asked, say so. "
    "Facts as of position {as_of}:\n\n{text}"
)
_LIMIT, _NEWER_LIMIT = "max_tokens", "max_completion_tokens"
_ROLES = {"developer": "system"}  # OpenAI's new name, which others do not know


@dataclass(frozen=True, slots=True)
class Manners:
    """How an upstream wants to be asked.

    Attributes:
        with_usage: it accepts `stream_options`.
        limit_field: the name of the limit of tokens.
    """

    with_usage: bool = True
    limit_field: str = _LIMIT


USUAL = Manners()


def chat_request(
    asked: Asked, model: str, facts: Facts | None, most_tokens: int, manners: Manners = USUAL
) -> dict[str, Any]:
    """Return the body of a request.

    Args:
        asked: the question.
        model: the upstream's own name of the model.
        facts: what the answer is to be grounded on; None: on nothing.
        most_tokens: that are accepted, whatever was asked for.
        manners: of the model.
    """
    body: dict[str, Any] = {
        "model": model,
        "messages": _messages(asked, facts),
        "stream": True,
        manners.limit_field: min(asked.max_tokens or most_tokens, most_tokens),
    }
    if manners.with_usage:
        body["stream_options"] = {"include_usage": True}
    chosen = {"temperature": asked.temperature, "top_p": asked.echo.top_p}
    return body | {name: value for name, value in chosen.items() if value is not None}


def other_manners(
    manners: Manners, refusal: Refusal, tried: Collection[Manners], *, proven: bool
) -> Manners | None:
    """Return how to ask again after a refusal; None: it was not for the manners.

    Args:
        manners: that were refused.
        refusal: of the upstream.
        tried: the manners that this question was asked with.
        proven: the upstream has answered such manners before, so that only a refusal that names
            what is wrong with them is for them.
    """
    if not refusal.is_of_the_request:
        return None
    others = []
    if refusal.mentions(_NEWER_LIMIT):
        field = _LIMIT if manners.limit_field == _NEWER_LIMIT else _NEWER_LIMIT
        others.append(replace(manners, limit_field=field))
    names_it = refusal.mentions("stream_options") or refusal.mentions("include_usage")
    if manners.with_usage and (names_it or not (proven or refusal.param)):
        others.append(replace(manners, with_usage=False))
    return next((other for other in others if other not in tried), None)


def _messages(asked: Asked, facts: Facts | None) -> list[dict[str, str]]:
    turns = [(_ROLES.get(turn.role, turn.role), turn.content) for turn in asked.turns]
    if facts is not None:
        grounding = _GROUNDING.format(as_of=facts.as_of, text=facts.text)
        if turns and turns[0][0] == "system":  # templates of many models accept but one, the first
            grounding = f"{grounding}\n\n{turns.pop(0)[1]}"
        turns.insert(0, ("system", grounding))
    return [{"role": role, "content": content} for role, content in turns]
