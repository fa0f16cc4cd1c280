"""The reading of options: from four places, checked together, complained about at once.

The strongest first: the command line, `FEED_*` variables, the TOML file, the defaults. Remembers
where each value was written, so that a complaint names the option as its author wrote it: `--rate`,
`FEED_RATE`, or `feed.toml: rate`. The accepted values of an option stand beside its field.
"""

import difflib
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource

from feed.errors import (
    HIDDEN,
    MAX_PATH_LENGTH,
    InvalidInput,
    InvalidParameter,
    is_of_a_secret,
    show_name,
    without_secrets,
)
from feed.settings.chosen import (
    Choice,
    choices_of,
    kinds_of,
    knowing,
    same_names,
    unknown_options,
    wrong_company,
    wrong_pairs,
)
from feed.settings.options import SAFEGUARDS, Settings
from feed.settings.variables import is_of_kubernetes, unknown_variables, variable_name
from feed.sources.catalog import DEFAULT, built_in_kinds
from feed.sources.chosen import ChosenSource
from feed.sources.naming import NamingOptions
from feed.sources.options import Accepts, Options, SourceOptions

_Block = TypeVar("_Block", bound=Options)
_ONE_OF_THEM = {"source", "pair", "llm_model"}  # a complaint shows the one, not all


class Given(NamedTuple):
    """A value as it was written: the name that stands there, and the file as "feed.toml: "."""

    name: str
    value: Any
    where: str = ""


Written = dict[str, Given]  # by field


class InvalidSettings(InvalidInput):
    """One or more options are not accepted; the message has one line for each.

    Attributes:
        problems: one error per option, in the order of `Settings`, then of the source.
    """

    def __init__(self, problems: list[InvalidInput]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))


class UnknownOption(InvalidInput):
    """A name is not an option; the message says which was probably meant."""

    def __init__(self, name: str, where: str, known: list[str]) -> None:
        self.name = name
        close = difflib.get_close_matches(name, known, n=3)
        hint = f"did you mean {' or '.join(close)}?" if close else f"known: {', '.join(known)}"
        super().__init__(f"{where}{show_name(name)}: no such option; {hint}")


def option_name(field: str) -> str:
    """Return how a field is written on the command line: `--batch-ms` for `batch_ms`."""
    return f"--{field.replace('_', '-')}"


def shape_of(field: FieldInfo) -> str:
    """Return the type of a field's values, as help shows it: "int", "skip|stop", "list[str]"."""
    told = next((item.shape for item in field.metadata if isinstance(item, Accepts)), "")
    return told or "|".join(dict.fromkeys(_shapes(field.annotation)))


def _shapes(annotation: Any) -> Iterator[str]:  # noqa: ANN401 - a type of any form
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _shapes(arguments[0])
    elif origin is Literal:
        yield from arguments
    elif origin is tuple:
        yield "list[str]"
    elif arguments:  # a union; an option that may be none is one that is not written
        for argument in arguments:
            if argument is not NoneType:
                yield from _shapes(argument)
    else:
        yield annotation.__name__.lower()


def built_in_blocks() -> list[type[Options]]:
    """Return the classes of all options that this package has: the server's, then the sources'."""
    return [Settings, *built_in_kinds()]


def chosen_kinds(options: Mapping[str, object]) -> list[type[SourceOptions]]:
    """Return the kinds of the sources of a run; the usual one where no place names any.

    Args:
        options: the values of the command line, by the name of their field, as far as known.

    Raises:
        SourceError: an installed package says that it has this kind, and does not.
    """
    written = _written(options)
    return kinds_of(_choices_in(written, _read_file(written.get("config"), [])))


def option_fields(kinds: Iterable[type[SourceOptions]]) -> list[str]:
    """Return the names of all options that a server with these sources may be told."""
    blocks: list[type[Options]] = [Settings, *kinds, *built_in_kinds()]
    return list(dict.fromkeys(field for block in blocks for field in block.option_fields()))


def load_settings(options: Mapping[str, object]) -> tuple[Settings, list[ChosenSource]]:
    """Compose the settings of one run and those of its sources, and check them.

    The options of sources that were not chosen are checked too: a file may hold them all.

    Args:
        options: the values of the command line, by the name of their field.

    Raises:
        InvalidSettings: with every problem that was found, wherever it was written.
        SourceError: an installed package says that it has the chosen source, and does not.
    """
    problems: list[InvalidInput] = []
    written = _written(options)
    in_file = _read_file(written.get("config"), problems)
    choices = _choices_in(written, in_file)
    kinds = kinds_of(choices)
    others = [other for other in built_in_kinds() if other not in kinds]
    known = option_fields(kinds)
    for block in (*kinds, *others):
        for field, option in _variables(block).items():
            written.setdefault(field, option)
    path = show_name(str(written["config"].value), MAX_PATH_LENGTH) if in_file else ""
    where = path and f"{path}: "
    keys = [field for field in known if field != "config"]
    for key, value in in_file.items():
        if key in keys:
            written.setdefault(key, Given(key, value, where))
        else:
            problems.append(UnknownOption(key, where, keys))
    problems += [
        UnknownOption(unknown.name, "", [variable_name(field) for field in known])
        for unknown in unknown_variables(known)
        if unknown.is_misspelt
    ]
    idle = _idle_options(options, kinds, others)
    problems += idle.values()
    settings = _compose(Settings, _values(Settings.option_fields(), written), written, problems)
    shared = _shared_options(written, choices)
    problems += shared.values()
    bare = {field: given for field, given in written.items() if field not in shared}
    sources = [_source(choice, bare, problems, alone=len(choices) == 1) for choice in choices]
    if settings is not None:
        problems += wrong_company(settings, choices)
        problems += _wrong_names(settings, choices, written)
    claimed = {*Settings.option_fields(), *idle}.union(*(kind.option_fields() for kind in kinds))
    for other in others:
        unclaimed = [field for field in other.option_fields() if field not in claimed]
        _compose(other, _values(unclaimed, written), written, problems)
        claimed.update(unclaimed)
    if settings is None or problems:
        raise InvalidSettings(problems)
    return settings, [source for source in sources if source is not None]


def _source(
    choice: Choice, bare: Written, problems: list[InvalidInput], *, alone: bool
) -> ChosenSource | None:
    """Return a source with the options of its text, and those elsewhere that are its own."""
    option = bare.get("source", Given(option_name("source"), choice.text))
    where = (
        f"{option.where}{option.name}: "
        if alone
        else f"{option.where}{option.name} {choice.name}: "
    )
    kind, told = choice.kind, choice.parts
    own = {field: given for field, given in bare.items() if field not in Settings.option_fields()}
    own |= {field: Given(field, value, where) for field, value in told.options.items()}
    known = [*kind.option_fields(), *NamingOptions.option_fields()]
    problems += [
        InvalidParameter(field, HIDDEN, kind.keys_come, where=where)
        if kind.keys_come and is_of_a_secret(field)
        else UnknownOption(field, where, known)
        for field in unknown_options(choice)
    ]
    values = _values(kind.option_fields(), own)
    if told.place is not None:
        values["place"] = told.place
        own["place"] = Given(option.name, choice.text, option.where)
    options = _compose(kind, values, own, problems)
    named = {field: given for field, given in own.items() if field in told.options}
    naming = _compose(NamingOptions, _values(NamingOptions.option_fields(), named), own, problems)
    if options is None or naming is None:
        return None
    return ChosenSource(choice.name, options, naming)


def _shared_options(written: Written, choices: Sequence[Choice]) -> dict[str, InvalidInput]:
    """Refuse options that several sources know, and that stand in none of their texts.

    Returns:
        By field.
    """
    shared: dict[str, InvalidInput] = {}
    for field, (name, value, where) in written.items():
        sources = knowing(field, choices)
        if len(sources) > 1:
            example = f"{sources[0].name}={sources[0].text.rpartition('=')[2]}?{field}=…"
            accepted = f"in the text of each source that it is for, as in --source '{example}'"
            shared[field] = InvalidParameter(name, value, accepted, where=where)
    return shared


def _wrong_names(
    settings: Settings, choices: Sequence[Choice], written: Written
) -> Iterator[InvalidInput]:
    """Yield what is wrong with the names of sources, and with those of pairs."""
    names = [choice.name for choice in choices]
    for name in same_names(choices):
        option, _, where = written["source"]
        accepted = "sources whose names differ, such as a=sim and b=sim"
        yield InvalidParameter(option, name, accepted, where=where)
    for pair in wrong_pairs(settings.pairs, choices):
        option, _, where = written["pair"]
        accepted = f"two of the sources {', '.join(names)}, each in one pair"
        yield InvalidParameter(option, pair, accepted, where=where)


def settings_of(arguments: Mapping[str, object], fields: Sequence[str]) -> Settings:
    """Return the settings that a program gives as arguments; nothing else is read.

    Args:
        arguments: values by field.
        fields: those that have an effect there.

    Raises:
        InvalidSettings: with every problem that was found.
    """
    problems: list[InvalidInput] = [
        UnknownOption(name, "", list(fields)) for name in arguments if name not in fields
    ]
    written = {field: Given(field, arguments[field]) for field in fields if field in arguments}
    settings = _compose(Settings, _values(written, written), written, problems)
    if settings is None or problems:
        raise InvalidSettings(problems)
    return settings


def load_typed(block: type[_Block], options: Mapping[str, object]) -> _Block:
    """Compose one block of options, of the command line alone; nothing else is read.

    Raises:
        InvalidSettings: with every problem that was found.
    """
    problems: list[InvalidInput] = []
    written = {field: Given(option_name(field), value) for field, value in options.items()}
    made = _compose(block, options, written, problems)
    if made is None:
        raise InvalidSettings(problems)
    return made


def _values(fields: Iterable[str], written: Written) -> dict[str, Any]:
    return {field: written[field].value for field in fields if field in written}


def _variables(block: type[Options]) -> Written:
    there = {name.upper() for name in os.environ}
    names = {field: variable_name(field) for field in block.option_fields()}
    if there.isdisjoint(names.values()):  # looking for them one by one is slow
        return {}
    values = {**_empty_safeguards(block), **EnvSettingsSource(block)()}
    return {
        field: Given(name, values[field])
        for field, name in names.items()
        if field in values and not is_of_kubernetes(name, str(values[field]))
    }


def _empty_safeguards(block: type[Options]) -> dict[str, str]:
    """Return the safeguards whose variables are empty, as where a secret was not filled in.

    An empty variable is none, but a server that was to be guarded, or to keep its state, must not
    begin without.
    """
    empty = {name.upper() for name, value in os.environ.items() if not value}
    fields = block.option_fields()
    return {field: "" for field in SAFEGUARDS if field in fields and variable_name(field) in empty}


def _written(options: Mapping[str, object]) -> Written:
    """Return the server's options of variables, and all of the command line."""
    typed = {field: Given(option_name(field), value) for field, value in options.items()}
    return _variables(Settings) | typed


def _choices_in(written: Written, in_file: Mapping[str, Any]) -> list[Choice]:
    return choices_of(written.get("source", Given("", in_file.get("source", DEFAULT))).value)


def _read_file(config: Given | None, problems: list[InvalidInput]) -> dict[str, Any]:
    if config is None:
        return {}
    option, path, _ = config
    try:
        with Path(path).open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        problems.append(InvalidParameter(option, path, f"a readable TOML file ({error.strerror})"))
    except (ValueError, RecursionError) as error:  # also of int, and of values nested too deep
        problems.append(InvalidParameter(option, path, f"a file in TOML; this one is not: {error}"))
    return {}


def _idle_options(
    options: Mapping[str, object],
    kinds: Sequence[type[SourceOptions]],
    others: Sequence[type[SourceOptions]],
) -> dict[str, InvalidInput]:
    """Refuse options that were typed and would do nothing; a file may hold those of all sources.

    Returns:
        By field; their values are nobody's business.
    """
    idle: dict[str, InvalidInput] = {}
    known = set(Settings.option_fields()).union(*(kind.option_fields() for kind in kinds))
    for field, value in options.items():
        if field not in known:
            usages = [other.usage for other in others if field in other.option_fields()]
            accepted = f"only with --source {' or '.join(usages)}"
            idle[field] = InvalidParameter(option_name(field), value, accepted)
    return idle


def _compose(
    block: type[_Block], values: Mapping[str, Any], written: Written, problems: list[InvalidInput]
) -> _Block | None:
    """Return a block with these values; None where it does not accept them, with its problems."""
    try:
        return block(**values)
    except ValidationError as errors:
        problems += _problems(block, errors, {field: written[field] for field in values})
        return None


def _problems(
    block: type[Options], errors: ValidationError, written: Written
) -> list[InvalidInput]:
    """Put pydantic's findings in our words, one problem for each field that was written."""
    problems: dict[str, InvalidInput] = {}
    for error in errors.errors(include_url=False):
        field = str(error["loc"][0] if error["loc"] else error["ctx"]["field"])
        if field not in written:  # the place of a source that was not chosen
            continue
        name, value, where = written[field]
        if field in _ONE_OF_THEM and isinstance(error["input"], str):
            value = error["input"]  # the one of them that is not accepted
        if isinstance(value, str):
            value = without_secrets(value)
        accepted = error.get("ctx", {}).get("accepted") or _accepted_words(block, field)
        words = accepted or error["msg"]
        problems.setdefault(field, InvalidParameter(name, value, words, where=where))
    return list(problems.values())


def _accepted_words(block: type[Options], field: str) -> str:
    """Return the words beside a field's type; "" where there are none."""
    metadata = block.model_fields[field].metadata if field in block.model_fields else []
    return next((item.words for item in metadata if isinstance(item, Accepts)), "")
