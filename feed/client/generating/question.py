"""The question that a caller asks, checked at the call: a bad one is refused before it is sent."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from feed.client.subscription import Symbols
from feed.errors import InvalidParameter
from feed.market.symbols import ALL, SYMBOL_SHAPE, is_symbol

Prompt = str | Iterable[Mapping[str, str]]

_PROMPT = "text, or messages such as {'role': 'user', 'content': 'what moved?'}; at least one"
_MOST_TEMPERATURE = 2.0


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and how it is to be answered.

    Attributes:
        body: of the request, as the Responses API has it, with what this server adds.
    """

    body: Mapping[str, Any]

    @classmethod
    def of(
        cls,
        prompt: Prompt,
        *,
        model: str | None = None,
        instructions: str | None = None,
        symbols: Symbols | None = None,
        share: bool = False,
        max_tokens: int | None = None,
        temperature: float | None = None,
    ) -> "Question":
        """Check what a caller wrote.

        Raises:
            InvalidParameter: something of it is not accepted.
        """
        body: dict[str, Any] = {"input": _prompt(prompt), "stream": True}
        for name, text in (("model", model), ("instructions", instructions)):
            if text is not None:
                body[name] = _text(name, text)
        if symbols is not None:
            body["feed"] = {"symbols": _symbols(symbols)}
        if not isinstance(share, bool):
            raise InvalidParameter("share", share, "True or False")
        if share:
            body["share"] = True
        if max_tokens is not None:
            body["max_output_tokens"] = _max_tokens(max_tokens)
        if temperature is not None:
            body["temperature"] = _temperature(temperature)
        return cls(body)


def _prompt(value: object) -> str | list[dict[str, str]]:
    if isinstance(value, str):
        return _text("prompt", value, _PROMPT)
    if not isinstance(value, Iterable):
        raise InvalidParameter("prompt", value, _PROMPT)
    messages = [_message(message) for message in value]
    if not messages:
        raise InvalidParameter("prompt", messages, _PROMPT)
    return messages


def _message(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping) or set(value) != {"role", "content"}:
        raise InvalidParameter("prompt", value, _PROMPT)
    return {name: _text("prompt", value[name], _PROMPT) for name in ("role", "content")}


def _text(name: str, value: object, accepted: str = "text that is not empty") -> str:
    """Return a text that can be sent: no half of a surrogate pair is in it."""
    if not isinstance(value, str) or not value.strip():
        raise InvalidParameter(name, value, accepted)
    try:
        value.encode()
    except UnicodeEncodeError as error:
        half = value[error.start]
        raise InvalidParameter(name, half, "text without halves of surrogate pairs") from None
    return value


def _symbols(wanted: object) -> list[str]:
    """Return the symbols whose facts are wanted; none stands for all."""
    accepted = f"'*' for every symbol, or {SYMBOL_SHAPE}; a list of them"
    if isinstance(wanted, str):
        listed: list[object] = list(wanted.split(","))
    elif isinstance(wanted, Iterable):
        listed = list(wanted)
    else:
        raise InvalidParameter("symbols", wanted, accepted)
    symbols: list[str] = []
    for symbol in listed:
        if not isinstance(symbol, str) or (symbol != ALL and not is_symbol(symbol)):
            raise InvalidParameter("symbols", symbol, accepted)
        symbols.append(symbol)
    if not symbols:
        raise InvalidParameter("symbols", symbols, accepted)
    return [] if ALL in symbols else symbols


def _max_tokens(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InvalidParameter("max_tokens", value, "a whole number from 1, or None")
    return value


def _temperature(value: object) -> float:
    accepted = f"a number from 0 to {_MOST_TEMPERATURE:g}, or None"
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise InvalidParameter("temperature", value, accepted)
    if not 0 <= value <= _MOST_TEMPERATURE:  # a NaN is not either
        raise InvalidParameter("temperature", value, accepted)
    return float(value)
