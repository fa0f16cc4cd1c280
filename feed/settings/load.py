"""Where a server's options come from: four places, checked together, complained about at once.

The strongest first: the command line, `FEED_*` variables, the TOML file, the defaults. Remembers
where each value was written, so that a complaint names the option as its author wrote it:
`--rate`, `FEED_RATE`, or `feed.toml: rate`. What an option accepts is in `config.py`.
"""

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import EnvSettingsSource

from feed.errors import InvalidInput, InvalidParameter
from feed.settings.options import ENV_PREFIX, REPLAY, Accepts, Settings

_FOR_SOURCE = {  # options that mean nothing to the other source
    "rate": "sim",
    "seed": "sim",
    "start": "sim",
    "speed": "replay",
    "loop": "replay",
    "on_bad_row": "replay",
}
_MISSPELT = 0.9  # of difflib's similarity: FEED_RATES is, FEED_SERVICE_HOST is not


class InvalidSettings(InvalidInput):
    """One or more options are not accepted; the message has one line for each.

    Attributes:
        problems: one error per option, in the order of `Settings`.
    """

    def __init__(self, problems: list[InvalidInput]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))


class UnknownOption(InvalidInput):
    """A name is no option; the message says what was probably meant."""

    def __init__(self, name: str, where: str, known: list[str]) -> None:
        self.name = name
        close = difflib.get_close_matches(name, known, n=3)
        hint = f"did you mean {' or '.join(close)}?" if close else f"known: {', '.join(known)}"
        super().__init__(f"{where}{name}: no such option; {hint}")


def option_name(field: str) -> str:
    """Return how a field is written on the command line: `--batch-ms` for `batch_ms`."""
    return f"--{field.replace('_', '-')}"


def load_settings(options: Mapping[str, object]) -> Settings:
    """Compose the settings of one run and check them.

    Args:
        options: what was given on the command line, by the name of its field.

    Raises:
        InvalidSettings: with every problem that was found, from whatever source.
    """
    problems: list[InvalidInput] = []
    variables = EnvSettingsSource(Settings)()
    written: dict[str, tuple[str, Any]] = {}  # field → the option as it was written, its value
    for field, value in variables.items():
        written[field] = (f"{ENV_PREFIX}{field.upper()}", value)
    for field, value in options.items():
        written[field] = (option_name(field), value)
    for field, value in _read_file(written.get("config"), problems).items():
        written.setdefault(field, (f"{written['config'][1]}: {field}", value))
    problems += _misspelt_variables()
    problems += _idle_options(options, written)
    try:
        settings = Settings(**{field: value for field, (_, value) in written.items()})
    except ValidationError as errors:
        raise InvalidSettings(problems + _problems(errors, written)) from None
    if problems:
        raise InvalidSettings(problems)
    return settings


def _read_file(config: tuple[str, Any] | None, problems: list[InvalidInput]) -> dict[str, Any]:
    if config is None:
        return {}
    option, path = config
    try:
        with Path(path).open("rb") as file:
            values = tomllib.load(file)
    except OSError as error:
        problems.append(InvalidParameter(option, path, f"a readable TOML file ({error.strerror})"))
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(InvalidParameter(option, path, f"a file in TOML; this one is not: {error}"))
        return {}
    known = [field for field in Settings.model_fields if field != "config"]
    problems += [UnknownOption(key, f"{path}: ", known) for key in values if key not in known]
    return {key: value for key, value in values.items() if key in known}


def _misspelt_variables() -> list[InvalidInput]:
    """Refuse variables that were probably meant for us.

    Others may share the prefix: Kubernetes sets FEED_SERVICE_HOST for a service named feed.
    """
    known = [f"{ENV_PREFIX}{field.upper()}" for field in Settings.model_fields]
    return [
        UnknownOption(name, "", known)
        for name in sorted(os.environ)
        if name.startswith(ENV_PREFIX)
        and name not in known
        and difflib.get_close_matches(name, known, n=1, cutoff=_MISSPELT)
    ]


def _idle_options(
    options: Mapping[str, object], written: Mapping[str, tuple[str, Any]]
) -> list[InvalidInput]:
    """Refuse what was typed and would do nothing; a file may hold options for both sources."""
    _, source = written.get("source", ("", "sim"))
    kind = "replay" if str(source).startswith(REPLAY) else "sim"
    return [
        InvalidParameter(
            option_name(field),
            value,
            f"only with --source {'sim' if _FOR_SOURCE[field] == 'sim' else REPLAY + 'FILE'}",
        )
        for field, value in options.items()
        if _FOR_SOURCE.get(field, kind) != kind
    ]


def _problems(
    errors: ValidationError, written: Mapping[str, tuple[str, Any]]
) -> list[InvalidInput]:
    """Say what pydantic found in our words, one problem a field."""
    problems: dict[str, InvalidInput] = {}
    for error in errors.errors(include_url=False):
        field = str(error["loc"][0])
        option, value = written[field]
        accepted = error.get("ctx", {}).get("accepted")
        if accepted is None:
            metadata = Settings.model_fields[field].metadata
            accepted = next(item.words for item in metadata if isinstance(item, Accepts))
        problems.setdefault(field, InvalidParameter(option, value, accepted))
    return list(problems.values())
