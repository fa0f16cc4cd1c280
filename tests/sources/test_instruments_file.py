"""Files of reference data: two forms, one meaning, and every error with its place."""

import json
from pathlib import Path

import orjson
import pytest

from feed.errors import InvalidInput
from feed.sources.instruments_file import read_instruments
from feed.sources.source import Instrument

OWN = Instrument("OWN", "Our own", "future", "Energy", "XCME", "USD", 0.25, 1.0)
BARE = Instrument("BTC/EUR", "", "")
CSV = "symbol,name,class,sector,exchange,currency,price_step,lot\n"
OTHER_CSV = "\ufeffLot,Tick_Size,Symbol,Name,asset_class,sector,exchange,currency\r\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "instruments"


@pytest.mark.parametrize(
    "text",
    [
        f"{CSV}OWN,Our own,future,Energy,XCME,USD,0.25,1\n\nBTC/EUR,,,,,,,\n",
        f'{OTHER_CSV}1, 0.25 ,OWN,"Our own",future,Energy,XCME,USD\r\n,,BTC/EUR,,,,,\r\n',
        json.dumps([{"symbol": "BTC/EUR"}, orjson.loads(orjson.dumps(OWN))][::-1]),
        orjson.dumps({"symbols": [OWN, BARE]}).decode(),
    ],
    ids=["csv", "csv of another program", "json", "the answer of /v1/symbols"],
)
def test_each_form_says_the_same(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
    assert read_instruments(path) == [OWN, BARE]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: symbol is missing"),
        ("symbol,name\n", "has no instruments"),
        ("symbol,price_stp\nA,1\n", "line 1: 'price_stp' is not accepted; accepted: symbol, name"),
        ("symbol,class,asset_class\nA,,\n", "line 1: 'class' stands there twice"),
        ("symbol,name\nA\n", "line 2: has 1 values, and the header 2"),
        ('symbol,name\nA,"x\n', "not CSV"),
        ("symbol\nA\n\nA\n", "line 4: symbol 'A' stands there twice"),
        ("symbol\nA*\n", "line 2: symbol 'A*' is not accepted"),
        ("symbol,price_step\nA,0\n", "line 2: price_step '0'; accepted: a number above 0"),
        ("symbol,lot\nA,nan\n", "line 2: lot 'nan'"),
        ("symbol,name\nA,a\x07\n", "line 2: name 'a\\x07' is not accepted"),
        ("[", "not JSON"),
        ('{"rows": []}', 'accepted: a list of objects, or {"symbols"'),
        ("[]", "has no instruments"),
        ("[1]", "row 1: 1 is not an object"),
        ('[{"name": "x"}]', "row 1: symbol is missing"),
        ('[{"symbol": "A"}, {"symbol": "B", "lot": true}]', "row 2: lot True"),
        ('[{"symbol": "A", "sector": 1}]', "row 1: sector 1 is not accepted"),
        ('[{"symbol": "A", "lot": [1]}]', "row 1: lot [1]"),
        ('[{"symbol": null}]', "row 1: symbol None is not accepted"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(path: Path, text: str, words: str) -> None:
    path.write_text(text, "utf-8")
    with pytest.raises(InvalidInput) as refused:
        read_instruments(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert words in str(refused.value)


def test_a_file_that_is_no_text_or_not_there_is_told(path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read: No such file"):
        read_instruments(path)
    path.write_bytes(b"\x89PNG\xff")
    with pytest.raises(InvalidInput, match="not UTF-8"):
        read_instruments(path)
