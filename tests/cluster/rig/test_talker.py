import random

from tests.cluster.rig.stream_ledger import StreamLedger
from tests.cluster.rig.talker import Talker


def test_what_was_acknowledged_and_is_elsewhere_or_nowhere_is_found() -> None:
    talker = Talker("t", [], random.Random(1), {"t-0": 4, "t-1": None, "t-2": 6, "t-3": 7})
    ledger = StreamLedger(said={"t-0": 4, "t-1": 5, "t-2": 9})
    assert talker.hold_against(ledger) == [
        "message t-2 was acknowledged at 6, and is at 9",
        "message t-3 was acknowledged at 7, and is at None",
    ]
