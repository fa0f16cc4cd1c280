"""Options, of a source and of the server alike: their base, and the words beside them.

An option is a field of a class of them: its description is its help on the command line, its
default is here, and `Accepts` beside its type holds the accepted values in words. A field without a
description has a variable and a TOML key only; `Tunes` tells its purpose. `feed.settings.load`
reads options from their four places and complains.
"""

import json
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from feed.sources.source import Source

ENV_PREFIX = "FEED_"
# The help of an option that several kinds of sources have.
SYMBOLS_WORDS = "Symbols of a source: AAPL,MSFT; simulated ones may be a number, a server's *."
_NUMBER = re.compile(r"[-+]?[0-9.]+")


@dataclass(frozen=True, slots=True)
class Accepts:
    """The values that an option accepts: in words, for its error message, and for its help.

    Attributes:
        words: in words.
        shape: as help shows it, such as "float|max", where the field's type does not say it all.
    """

    words: str
    shape: str = ""


@dataclass(frozen=True, slots=True)
class Tunes:
    """The purpose of an option without help on the command line, in words, for documents."""

    words: str


class Options(BaseSettings):
    """Some options. Made directly, it reads nothing but its arguments and defaults."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=ENV_PREFIX,
        env_ignore_empty=True,
        validate_default=False,
    )

    @classmethod
    def option_fields(cls) -> list[str]:
        """Return the names of the options, in order."""
        return list(cls.model_fields)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the hook's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take arguments only: `load_settings` reads the rest, and remembers whence it came."""
        return (init_settings,)


class SourceOptions(Options, ABC):
    """One kind of source: its name, its options, and the making of it.

    A subclass is all that the server knows of a kind of source; its fields are the options. Options
    are read before anything runs, also for `--help`, so a subclass imports its source in `make`.

    Attributes:
        usage: its form after `--source`: a name alone, such as "sim", or a name, a colon and a
            place, such as "replay:FILE".
        usual_name: by which one is told that was given no name; "": that of its kind.
        gives_sequences: all sequences are those of a server that it follows: so it is the only
            source, and its symbols are called as there.
        where: the place in words: "FILE is …"; "" for a name alone.
        keys_come: whence its keys come, as what is accepted in place of a key among its options;
            "": it has none.
        place: the text after the colon. It is validated like any field; it is not an option.
    """

    usage: ClassVar[str]
    usual_name: ClassVar[str] = ""
    where: ClassVar[str] = ""
    keys_come: ClassVar[str] = ""
    gives_sequences: ClassVar[bool] = False
    place: str = ""

    @classmethod
    def source_name(cls) -> str:
        """Return the name by which this kind is chosen."""
        return cls.usage.partition(":")[0]

    @classmethod
    def option_fields(cls) -> list[str]:
        """Return the names of the options, in order: of all fields but the place."""
        return [field for field in cls.model_fields if field != "place"]

    @classmethod
    def accepted_words(cls) -> str:
        """Return its form after `--source`, in full: "replay:FILE, where FILE is …"."""
        return f"{cls.usage}, where {cls.where}" if cls.where else cls.usage

    async def look(self) -> None:
        """See that the place holds a source, before the server begins.

        For places that never improve, such as files; a source that is down may come back.

        Raises:
            SourceError: it does not.
        """

    @abstractmethod
    def make(self) -> Source:
        """Return the source; it is not opened yet.

        Raises:
            FeedError: an option is not accepted by the source itself.
        """

    @abstractmethod
    def describe(self) -> str:
        """Return some words for the line "feed: serving …", such as "a replay of FILE"."""


def refusal(accepted: str, *, field: str = "") -> PydanticCustomError:
    """Return an error for validators to raise, with closer words than those of `Accepts`.

    Args:
        accepted: what is.
        field: that is to be complained about, where the validator is that of all fields.
    """
    context = {"accepted": accepted, "field": field}
    return PydanticCustomError("accepted", "{accepted}", context)


def not_a_boolean(value: object) -> object:
    """Refuse booleans: to pydantic True is 1, so `port = true` would listen on port 1."""
    if isinstance(value, bool):
        raise ValueError("a boolean")  # noqa: TRY004 - pydantic turns only ValueError into its own
    return value


def not_a_number(value: object) -> object:
    """Refuse numbers: to pydantic one is a time since 1970, in a unit that depends on its size."""
    if isinstance(value, int | float) or (isinstance(value, str) and _NUMBER.fullmatch(value)):
        raise ValueError("a number")
    return value


def _is_there(value: str) -> str:
    if not Path(value).is_file():  # a null character raises ValueError, as it should
        raise ValueError("no file")
    return value


KeyFile = Annotated[
    Annotated[str, AfterValidator(_is_there)] | None, Accepts("the path of a file that is there")
]


def texts(value: object) -> object:
    """Take one text for a list of one, beside the lists of TOML and those in JSON of variables.

    Commas part nothing here, since they may stand in each.
    """
    if isinstance(value, str) and value.startswith("["):
        return json.loads(value)  # raises ValueError
    return (value,) if isinstance(value, str) else value


def split_at_commas(value: object) -> object:
    """Take `A,B` for a list, as in the environment, beside the lists of TOML.

    A blank text is an empty list; a part that is blank stays, and is refused as what it stands for.
    """
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",")) if value.strip() else ()
    return value
