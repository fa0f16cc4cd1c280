"""Assertions of edges: good for one request, once, for half a minute, by the cluster key alone."""

from dataclasses import replace
from pathlib import Path

import pytest

from feed.errors import CredentialRefused, InvalidInput, LimitExceeded
from feed.trust import assertion
from feed.trust.assertion import LIVES_NS, SKEW_NS, Asserted, Assertions
from feed.trust.cluster_key import ClusterKey, read_cluster_key
from feed.trust.denial import Denial
from feed.trust.identity import ANONYMOUS, Identity, Kind
from feed.wire.grant import Grant
from feed.wire.grants import Grants

S = 1_000_000_000
NOW = 1_700_000_000 * S
SECRET = b"0123456789abcdef" * 2
ANN = Identity(
    Kind.KEY,
    "fk_ann",
    "ann",
    Grants.of([Grant.parse("trades=AAPL,BTC/*")], publish=[Grant.parse("rooms=desk-*")]),
    NOW + 60 * S,
    "5e" * 32,
)
SAID = Asserted(ANN, "192.0.2.7")
TARGET = "/v1/rooms/desk-1/messages?a=%20b"


def pair() -> tuple[Assertions, Assertions]:
    """Return what an edge makes assertions with, and what a writer reads them with."""
    return Assertions(ClusterKey(SECRET), NOW), Assertions(ClusterKey(SECRET), NOW)


def why(reader: Assertions, text: str, method: str, target: str, wall_ns: int) -> str:
    with pytest.raises(CredentialRefused) as refused:
        reader.read(text, method, target, wall_ns)
    return refused.value.why


def test_an_assertion_says_all_of_an_identity() -> None:
    edge, writer = pair()
    text = edge.make(SAID, "POST", TARGET, NOW)
    read = writer.read(text, "POST", TARGET, NOW)
    assert read == SAID
    assert read.identity.proof == ANN.proof
    nobody = Asserted(ANONYMOUS, "")
    assert writer.read(edge.make(nobody, "GET", "/", NOW), "GET", "/", NOW) == nobody


def test_it_is_good_once_and_for_one_request() -> None:
    edge, writer = pair()
    text = edge.make(SAID, "POST", TARGET, NOW)
    for method, target in (
        ("DELETE", TARGET),
        ("POST", TARGET + "c"),
        ("POST", TARGET.partition("?")[0]),
        ("POST\n/v1", TARGET[3:]),
    ):
        assert why(writer, text, method, target, NOW) == Denial.FORGED
    writer.read(text, "POST", TARGET, NOW)
    assert why(writer, text, "POST", TARGET, NOW) == Denial.FORGED
    for at_ns in (NOW + LIVES_NS - 1, NOW + LIVES_NS):
        assert why(writer, text, "POST", TARGET, at_ns) in {Denial.FORGED, Denial.UNAVAILABLE}


def test_what_is_used_is_remembered_for_as_long_as_it_would_be_accepted() -> None:
    edge, writer = pair()
    fast = edge.make(SAID, "POST", TARGET, NOW + SKEW_NS)  # by a clock that is half a minute fast
    writer.read(fast, "POST", TARGET, NOW)
    for second in range(0, (LIVES_NS + SKEW_NS) // S, 7):  # others come, and are forgotten
        wall_ns = NOW + second * S
        writer.read(edge.make(SAID, "GET", "/", wall_ns), "GET", "/", wall_ns)
        assert why(writer, fast, "POST", TARGET, wall_ns) == Denial.FORGED
    late_ns = NOW + SKEW_NS + LIVES_NS
    assert why(writer, fast, "POST", TARGET, late_ns) == Denial.UNAVAILABLE


def test_times_that_differ_are_told() -> None:
    edge, writer = pair()
    text = edge.make(SAID, "POST", TARGET, NOW)
    assert why(writer, text, "POST", TARGET, NOW + LIVES_NS) == Denial.UNAVAILABLE
    assert why(writer, text, "POST", TARGET, NOW - SKEW_NS - 1) == Denial.UNAVAILABLE
    begun = Assertions(ClusterKey(SECRET), NOW + 1)  # it may have been used before that
    assert why(begun, text, "POST", TARGET, NOW + 2) == Denial.UNAVAILABLE


def test_whatever_is_changed_in_it_is_found() -> None:
    edge, writer = pair()
    text = edge.make(SAID, "POST", TARGET, NOW)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for at, letter in enumerate(text):
        for other in {letters[(letters.find(letter) + step) % 64] for step in (1, 2, 32)} | {"="}:
            changed = text[:at] + other + text[at + 1 :]
            assert why(writer, changed, "POST", TARGET, NOW) == Denial.FORGED
    for broken in (
        *(text[:end] for end in range(len(text))),
        *(text + more for more in ("=", "A", ".", " ")),
        text.replace(".", ""),
        "." + text,
        "é" + text,
        "A" * 100_000,
    ):
        assert why(writer, broken, "POST", TARGET, NOW) == Denial.FORGED
    stranger = Assertions(ClusterKey(SECRET[::-1]), NOW)
    assert why(stranger, text, "POST", TARGET, NOW) == Denial.FORGED
    writer.read(text, "POST", TARGET, NOW)  # none of that has used it up


def test_more_than_can_be_remembered_are_told_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assertion, "MOST_REMEMBERED", 2)
    edge, writer = pair()
    texts = [edge.make(SAID, "GET", "/", NOW) for _ in range(3)]
    for text in texts[:2]:
        writer.read(text, "GET", "/", NOW)
    assert why(writer, texts[2], "GET", "/", NOW) == Denial.UNAVAILABLE


def test_grants_that_no_header_holds_are_refused_in_words() -> None:
    edge, _ = pair()
    keys = ",".join(f"{number:030x}"[::-1] for number in range(0, 10**12, 10**9))
    long = replace(ANN, grants=Grants.of([Grant.parse(f"trades={keys}")]))
    with pytest.raises(LimitExceeded, match="from an edge to its writer"):
        edge.make(Asserted(long, ""), "GET", "/", NOW)


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"short", "5 bytes"), (b"two words " * 9, "one line"), (b'{"keys":[]}' * 9, "document")],
)
def test_a_file_without_a_secret_is_refused(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "cluster.key"
    path.write_bytes(data)
    with pytest.raises(InvalidInput, match=f"--cluster-key: .*{words}"):
        read_cluster_key(path)
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_cluster_key(tmp_path)


def test_no_key_for_one_purpose_is_that_for_another() -> None:
    key = ClusterKey(SECRET)
    keys = {key.key_for(purpose) for purpose in ("identity", "tickets", "identity1", "")}
    assert len(keys) == 4
    assert all(len(each) == 32 for each in keys)
    assert SECRET.decode() not in repr(key)
