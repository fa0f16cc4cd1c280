"""The keys file: TOML with a `[[key]]` for each key, read by the server, written by `feed key`.

A file is read whole or not at all. A complaint names the file, the line, the field, and what is
accepted, and never shows what stands where a secret could. A file is replaced by renaming, so that
nobody ever reads half of one, while a lock beside it holds other writers back.
"""

import os
import re
import stat
import sys
import tempfile
import tomllib
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from feed.errors import FeedError, InvalidInput, InvalidParameter, shorten, show_name
from feed.trust.api_keys import ApiKey, ApiKeys
from feed.trust.regular_file import read_regular
from feed.wire.grants import GRANTS_KEYS, Grants
from feed.wire.validation import listed

NAME = re.compile(r"[A-Za-z0-9][\w.@-]{0,63}", re.ASCII)
NAME_WORDS = "1 to 64 letters, digits, `.`, `_`, `@` and `-`, the first a letter or digit"
MAX_FILE_BYTES = 16 << 20  # 50,000 keys; whatever is longer is another file
_ID = re.compile(r"[\w-]{12,24}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}")
_TIMES = ("created", "expires", "revoked", "old_until")
_OWN_KEYS = ("id", "name", "secret_sha256", "old_secret_sha256", *_TIMES)
_HEAD = re.compile(r"^[ \t]*\[\[[ \t]*(?:key|'key'|\"key\")[ \t]*\]\]", re.MULTILINE)
_HIDDEN = object()  # stands for a value that may be a secret
_EXCESS = "a number of too many digits, or values nested too deep"
_MAX_DEPTH = 64  # of values that are not looked for when the line of one too deep is told
_DIGITS = re.compile(r"[+-]?\d[\d_]{4300,}", re.ASCII)  # int() takes no more
_BRACKETS = re.compile(r"\"(?:\\.|[^\"\\\n])*\"|'[^'\n]*'|#[^\n]*|[\[\]{}]")
_TOML_LINE = re.compile(r"\(at line (\d+), column \d+\)")


class InvalidKeysFile(InvalidInput):
    """A keys file is not accepted; the message says the file, the line, and what is accepted.

    Attributes:
        path: of the file.
        line: the number of the line, from 1; None: it is not about one.
    """

    def __init__(self, path: Path, line: int | None, words: str) -> None:
        self.path = path
        self.line = line
        place = "" if line is None else f", line {line}"
        super().__init__(f"{show_name(str(path), 4096)}{place}: {words}")


def read_keys(path: Path, *, may_be_blank: bool = True) -> ApiKeys:
    """Read a keys file.

    Args:
        path: of the file.
        may_be_blank: a file without a word is one of no keys; else it is taken for one that was
            truncated, as by an editor or a full disk.

    Raises:
        InvalidKeysFile: it cannot be read, or is not accepted.
    """
    text = _read(path)
    if not may_be_blank and not text.strip():
        accepted = "[[key]] tables, or a comment alone where there shall be none"
        raise InvalidKeysFile(path, None, f"it is blank; accepted: {accepted}")
    return parse_keys(path, text)


def parse_keys(path: Path, text: str) -> ApiKeys:
    """Return the keys in the text of a file.

    Raises:
        InvalidKeysFile: it is not accepted.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _TOML_LINE.search(str(error))
        words = _TOML_LINE.sub("", str(error)).strip()
        line = int(found[1]) if found else None
        raise InvalidKeysFile(path, line, f"not TOML: {words}; accepted: [[key]] tables") from None
    except (ValueError, RecursionError):  # of int, whose digits are limited, and of nested values
        line = _Places(text).excess_line()
        raise InvalidKeysFile(path, line, f"{_EXCESS}; accepted: [[key]] tables") from None
    places = _Places(text)
    for name in document:
        if name != "key":
            line = places.top_line(name)
            raise InvalidKeysFile(path, line, f"{show_name(name)}: accepted: [[key]] tables only")
    rows = document.get("key", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InvalidKeysFile(path, places.top_line("key"), "key: accepted: [[key]] tables")
    keys: dict[str, ApiKey] = {}
    for index, row in enumerate(rows):
        try:
            key = _key_of(row, keys)
        except FeedError as error:
            line = places.line(index, getattr(error, "parameter", ""))
            named = shorten(row["name"]) if isinstance(row.get("name"), str) else f"{index + 1}"
            raise InvalidKeysFile(path, line, f"key {named}: {_words(error)}") from None
        except (ValueError, RecursionError):  # a value that Python itself cannot show, or walk
            line = places.line(index, "")
            raise InvalidKeysFile(path, line, f"key {index + 1}: {_EXCESS}") from None
        keys[key.id] = key
    return ApiKeys(keys.values())


@contextmanager
def rewriting(path: Path) -> Iterator[list[str]]:
    """Let one writer at a time replace a file: the only item of the list is its text.

    The new text is read as a server would read it before it becomes the file, which is created
    with mode 0600, and keeps a stricter or group-readable one that it has.

    Raises:
        InvalidKeysFile: it is not accepted, as it was or as it would be.
    """
    path = path.resolve()  # a link stays one
    with _locked(path):
        text = _read(path) if path.exists() else ""
        parse_keys(path, text)
        texts = [text]
        yield texts
        [after] = texts
        parse_keys(path, after)
        _replace(path, after)


def time_of(wall_ns: int) -> datetime:
    """Return a time as the file has it: UTC, in whole seconds."""
    return datetime.fromtimestamp(wall_ns // 1_000_000_000, UTC)


def _key_of(row: Mapping[str, Any], others: Container[str]) -> ApiKey:
    """Return the key of one table; the ids of others are not free.

    Raises:
        InvalidParameter: names the field.
    """
    known = (*_OWN_KEYS, *GRANTS_KEYS)
    for field in row:
        if field not in known:
            raise InvalidParameter(field, _HIDDEN, f"the fields {listed(field, known)}")
    key_id = _text(row, "id", _ID, "12 to 24 letters, digits, `_` and `-`")
    if key_id in others:
        raise InvalidParameter("id", key_id, "an id that no other key of the file has")
    times = {field: _time(row, field) for field in _TIMES}
    return ApiKey(
        id=key_id,
        name=_text(row, "name", NAME, NAME_WORDS),
        secret_sha256=_text(row, "secret_sha256", _DIGEST, _DIGEST_WORDS),
        grants=Grants.of_document({field: row[field] for field in GRANTS_KEYS if field in row}),
        created_wall_ns=times["created"],
        expires_wall_ns=times["expires"],
        revoked_wall_ns=times["revoked"],
        old_secret_sha256=_text(row, "old_secret_sha256", _DIGEST, _DIGEST_WORDS, ""),
        old_until_wall_ns=times["old_until"] or 0,
    )


_DIGEST_WORDS = "the SHA-256 of a secret, 64 digits of lower-case hexadecimal"


def _text(
    row: Mapping[str, Any],
    field: str,
    shape: re.Pattern[str],
    accepted: str,
    default: str | None = None,
) -> str:
    value = row.get(field, default)
    if value == default and default is not None:
        return default
    if not isinstance(value, str) or shape.fullmatch(value) is None:
        raise InvalidParameter(field, value, accepted)
    return value


def _time(row: Mapping[str, Any], field: str) -> int | None:
    value = row.get(field)
    if value is None:
        return None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise InvalidParameter(field, value, "a time with its offset, such as 2027-01-31T12:00:00Z")
    try:
        return int(value.timestamp()) * 1_000_000_000
    except (OverflowError, ValueError):
        raise InvalidParameter(field, value, "a time since 1970") from None


def _words(error: FeedError) -> str:
    """Return the words of a complaint, without the value where a secret could stand."""
    if not isinstance(error, InvalidParameter):
        return str(error)
    name = show_name(error.parameter)
    if error.value is None:
        return f"{name} is missing; accepted: {error.accepted}"
    if error.value is _HIDDEN:
        return f"{name} is no field; accepted: {error.accepted}"
    if "secret" in error.parameter:
        return f"{name}: what stands there is not accepted; accepted: {error.accepted}"
    return f"{name}: {shorten(error.value)} is not accepted; accepted: {error.accepted}"


class _Places:
    """Where tables and their fields stand, as far as the text can be read line by line."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._heads = [match.start() for match in _HEAD.finditer(text)]

    def line(self, index: int, field: str) -> int | None:
        """Return the line of a field of a table; that of the table, where it does not say it."""
        if index >= len(self._heads):
            return None
        start = self._heads[index]
        end = self._heads[index + 1] if index + 1 < len(self._heads) else len(self._text)
        name = re.escape(field.partition(".")[0])
        found = re.compile(rf"^[ \t]*(['\"]?){name}\1[ \t]*[=.]", re.MULTILINE)
        match = found.search(self._text, start, end)
        return self._number(start if match is None else match.start())

    def top_line(self, name: str) -> int | None:
        """Return the line of a name that stands in no table, or of a table's head."""
        pattern = rf"^[ \t]*\[*[ \t]*(['\"]?){re.escape(name)}\1[ \t]*[\].=]"
        match = re.compile(pattern, re.MULTILINE).search(self._text)
        return None if match is None else self._number(match.start())

    def excess_line(self) -> int | None:
        """Return the line of a number of too many digits, or where values become too deep."""
        found = _DIGITS.search(self._text)
        if found is not None:
            return self._number(found.start())
        depth = 0
        for match in _BRACKETS.finditer(self._text):
            depth += (match[0] in {"[", "{"}) - (match[0] in {"]", "}"})
            if depth > _MAX_DEPTH:
                return self._number(match.start())
        return None

    def _number(self, at: int) -> int:
        return self._text.count("\n", 0, at) + 1


def _read(path: Path) -> str:
    try:
        return read_regular(path, MAX_FILE_BYTES).decode()
    except OSError as error:
        raise InvalidKeysFile(path, None, f"cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InvalidKeysFile(path, line, "not UTF-8; accepted: a file in TOML") from None


def _replace(path: Path, text: str) -> None:
    mode = 0o600
    with suppress(FileNotFoundError):
        mode = stat.S_IMODE(path.stat().st_mode) & 0o640
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # of mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold other writers back; the lock is a file of its own, since the other is replaced."""
    lock = path.with_name(f".{path.name}.lock")
    handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if sys.platform != "win32":
            import fcntl  # noqa: PLC0415 - not on Windows

            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
