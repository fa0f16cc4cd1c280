"""Ingest: ticks as fast as one core takes them, with snapshot, bars and one live JSON lane."""

import json
import os
import sys

from ...peers.base import PeerError, program
from ..feed_server import EVERYTHING, Subscription, attach
from ..outcome import Aim, Outcome, Spread, at_least
from ..own_process import SwarmError, in_own_process
from ..plan import Plan
from ..stage import Stage
from ..steady import run_steady

# By name: importing it here would load the whole server before the first option is read.
_SERVER = f"{__name__.rpartition('.scenarios.')[0]}.ingest_server"
Batches = tuple[tuple[int, int, float], ...]
# Ticks in a batch of the source, how many in all, and the aim in ticks per second and core.
BATCHES: Batches = ((512, 400_000, 300_000), (5, 200_000, 150_000))


def run(stage: Stage, batches: Batches = BATCHES) -> Outcome:
    """Measure large and small batches."""
    title = "ticks as fast as they are taken, one live JSON subscriber"
    aims: list[Aim] = []
    rounds = stage.settings.rounds
    stage.progress.begin(title, rounds * len(batches))
    for batch, ticks, aim in batches:
        rates: list[float] = []
        why = ""
        for _ in range(rounds):
            stage.progress.step(f"{batch} a batch")
            try:
                rates.append(_measure(stage, batch, ticks))
            except (PeerError, SwarmError) as error:
                why = str(error)
        what = f"ticks taken in per second of one core, {batch} a batch"
        aims.append(at_least(what, Spread.of(rates) if rates else None, aim, why))
    stage.progress.end()
    return Outcome("ingest", title, [], aims)


def _measure(stage: Stage, batch: int, ticks: int) -> float:
    command = [sys.executable, "-m", _SERVER]
    command += ["--ticks", str(ticks), "--batch", str(batch)]
    with program(command, {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}) as started:
        port = int(started.wait_for_words(r"port (\d+)"))
        server = attach(f"http://127.0.0.1:{port}", started.process.pid)
        everything = Subscription(channels=EVERYTHING)
        plan = Plan((server.group("reader", 1, everything, sample_limit=0),), settle_s=0)
        in_own_process(run_steady, plan, stage.progress.event)
        found = json.loads(started.wait_for_words(r"result (\{.*\})"))
    rate: float = found["ticks"] / found["cpu_s"]
    return rate
