"""The cores that may be used, by affinity and quotas of control groups."""

import os
from pathlib import Path

import pytest

from feed.hub.cores import usable_cores

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity"), reason="this system has no affinity"
)


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give this process 16 cores."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)))


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def cores(folder: Path) -> int:
    return usable_cores(folder / "cgroup", folder / "self")


def test_without_groups_the_affinity_counts(tmp_path: Path) -> None:
    assert cores(tmp_path) == 16


@pytest.mark.parametrize(
    ("quotas", "expected"),
    [
        ({"a/b": "max 100000"}, 16),
        ({"a/b": "400000 100000"}, 4),
        ({"a/b": "250000 100000"}, 2),
        ({"a/b": "50000 100000"}, 1),
        ({"a/b": "max 100000", "a": "300000 100000"}, 3),
        ({"a/b": "200000 100000", "a": "300000 100000"}, 2),
        ({"": "500000 100000"}, 5),
        ({"a/b": "nonsense"}, 16),
    ],
)
def test_the_smallest_quota_up_to_the_root_counts(
    tmp_path: Path, quotas: dict[str, str], expected: int
) -> None:
    write(tmp_path / "self", "0::/a/b\n")
    for group, quota in quotas.items():
        write(tmp_path / "cgroup" / group / "cpu.max", quota + "\n")
    assert cores(tmp_path) == expected


@pytest.mark.parametrize(("quota", "expected"), [("-1", 16), ("300000", 3)])
def test_the_first_version_of_groups_has_two_files(
    tmp_path: Path, quota: str, expected: int
) -> None:
    write(tmp_path / "self", "5:memory:/a\n3:cpu,cpuacct:/a\n")
    write(tmp_path / "cgroup" / "cpu" / "a" / "cpu.cfs_quota_us", quota + "\n")
    write(tmp_path / "cgroup" / "cpu" / "a" / "cpu.cfs_period_us", "100000\n")
    assert cores(tmp_path) == expected
