"""The sources of a run: which texts choose them, whose an option is, what each is called.

An option that is not written in the text of a source is of the only source that knows it; where
several do, it has to stand in their texts. Knows neither files nor variables (that is `load.py`).
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from feed.errors import InvalidInput, InvalidParameter
from feed.settings.options import Settings
from feed.sources.catalog import DEFAULT, built_in_kinds, find_kind
from feed.sources.naming import NamingOptions
from feed.sources.options import SourceOptions
from feed.sources.source_text import SourceText, parse_source

_ALONE = "sequences, symbols and their health are those of the server that it follows"


class Choice(NamedTuple):
    """A source as it is written.

    Attributes:
        text: as its author wrote it.
        parts: of the text.
        kind: what it chooses.
    """

    text: str
    parts: SourceText
    kind: type[SourceOptions]

    @property
    def name(self) -> str:
        """The name by which it is told."""
        return self.parts.name or self.kind.usual_name or self.kind.source_name()


def choices_of(written: object) -> list[Choice]:
    """Return what some texts choose; a text that is not accepted is left to who checks them.

    Raises:
        SourceError: an installed package says that it has a kind, and does not.
    """
    chosen = []
    for text in _texts(written):
        try:
            parts = parse_source(text)
        except InvalidInput:
            continue
        kind = find_kind(parts.kind)
        if kind is not None and (parts.place is not None) == (":" in kind.usage):
            chosen.append(Choice(text, parts, kind))
    return chosen or [Choice(DEFAULT, parse_source(DEFAULT), built_in_kinds()[0])]


def kinds_of(choices: Sequence[Choice]) -> list[type[SourceOptions]]:
    """Return the kinds that are chosen, each once."""
    return list(dict.fromkeys(choice.kind for choice in choices))


def knowing(field: str, choices: Sequence[Choice]) -> list[Choice]:
    """Return the sources that have an option of this name, and do not share it with the server."""
    if field in Settings.option_fields():
        return []
    return [choice for choice in choices if field in choice.kind.option_fields()]


def unknown_options(choice: Choice) -> Iterator[str]:
    """Yield the options in a text that its kind does not have."""
    known = {*choice.kind.option_fields(), *NamingOptions.option_fields()}
    for field in choice.parts.options:
        if field not in known:
            yield field


def same_names(choices: Sequence[Choice]) -> list[str]:
    """Return the names that more than one source would have."""
    return [name for name, count in Counter(each.name for each in choices).items() if count > 1]


def wrong_pairs(pairs: Sequence[Sequence[str]], choices: Sequence[Choice]) -> Iterator[str]:
    """Yield the pairs that are not of two of the sources, or of one that has a pair already."""
    names = Counter(name for pair in pairs for name in pair)
    known = {choice.name for choice in choices}
    for pair in pairs:
        if any(name not in known or names[name] > 1 for name in pair):
            yield ",".join(pair)


def _texts(written: object) -> list[str]:
    if isinstance(written, str) and written.startswith("["):
        try:
            written = json.loads(written)
        except ValueError:
            return []
    texts = [written] if isinstance(written, str) else written
    return [str(text) for text in texts] if isinstance(texts, list | tuple) else []


def check_company(sources: int, settings: Settings, *, renames: bool) -> None:
    """Refuse what cannot be beside a source that gives sequences.

    Raises:
        InvalidParameter: another source, other names of symbols, or a state.
    """
    if sources > 1:
        raise InvalidParameter("source", sources, f"one alone, since {_ALONE}")
    if renames:
        raise InvalidParameter("rename", "symbols", f"none, nor prefix, since {_ALONE}")
    if settings.state is not None:
        words = "none: what it needs after a restart it is given by the server that it follows"
        raise InvalidParameter("state", str(settings.state), words)


def wrong_company(settings: Settings, choices: Sequence[Choice]) -> Iterator[InvalidInput]:
    """Yield what is wrong with what is chosen beside a source that gives sequences."""
    if not any(choice.kind.gives_sequences for choice in choices):
        return
    named = NamingOptions.option_fields()
    renames = any(name in choice.parts.options for choice in choices for name in named)
    try:
        check_company(len(choices), settings, renames=renames)
    except InvalidParameter as error:
        yield error
