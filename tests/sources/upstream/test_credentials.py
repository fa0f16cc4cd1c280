"""Keys come from variables or a file, both or none, and are never told."""

from pathlib import Path

import pytest
from yarl import URL

from feed.errors import SourceError
from feed.sources.upstream.credentials import KeyPair, Names, is_private, read_key_pair

NAMES = Names("A_KEY", "A_SECRET")
PAIR = KeyPair("id-1", "s3cret=")


def test_variables_have_both_or_none() -> None:
    both = {"A_KEY": "id-1", "A_SECRET": "s3cret="}
    assert read_key_pair(NAMES, variables=both) == PAIR
    assert read_key_pair(NAMES, variables={"A_KEY": ""}) is None
    for name in NAMES:
        with pytest.raises(SourceError, match=f"{name} is missing") as raised:
            read_key_pair(NAMES, variables=both | {name: ""})
        assert raised.value.for_good
    with pytest.raises(SourceError, match="A_SECRET is not printable text"):
        read_key_pair(NAMES, variables=both | {"A_SECRET": "s3\ncret"})


def test_a_file_has_them_by_the_same_names_and_beats_the_variables(tmp_path: Path) -> None:
    file = tmp_path / "keys.env"
    file.write_text('# mine\n\nexport A_KEY = "id-1"\nA_SECRET=s3cret=\nOTHER=1\nnonsense\n')
    assert read_key_pair(NAMES, str(file), {"A_KEY": "x", "A_SECRET": "y"}) == PAIR


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"A_KEY=id-1\n#A_SECRET=s3cret\n", "A_SECRET is missing, or empty"),
        (b"", "A_KEY is missing"),
        (b"A_KEY=\xff\xfe", "is no text"),
        (b"A" * 70_000, "is longer than 65536 bytes"),
    ],
)
def test_a_wrong_file_is_told_and_may_be_mended(data: bytes, words: str, tmp_path: Path) -> None:
    file = tmp_path / "keys.env"
    file.write_bytes(data)
    with pytest.raises(SourceError, match=words) as raised:
        read_key_pair(NAMES, str(file), {})
    assert not raised.value.for_good
    assert "s3cret" not in str(raised.value)
    assert "id-1" not in str(raised.value)


def test_places_that_are_no_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is no file"):
        read_key_pair(NAMES, str(tmp_path), {})
    with pytest.raises(SourceError, match="No such file"):
        read_key_pair(NAMES, str(tmp_path / "none"), {})


def test_only_tls_and_this_machine_are_private() -> None:
    told = {
        url: is_private(URL(url)) for url in ("wss://h", "https://h", "ws://127.0.0.1:1", "ws://h")
    }
    assert list(told.values()) == [True, True, True, False]
    assert is_private(URL("ws://localhost"))
    assert is_private(URL("http://[::1]:8080"))
    assert not is_private(URL("http://10.0.0.1"))


def test_a_pair_does_not_show_itself() -> None:
    assert repr(PAIR) == f"{PAIR}" == "KeyPair(…)"
