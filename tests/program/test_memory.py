"""Large blocks go back to the system, whatever was freed before."""

import ctypes
import os
import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, sys
from feed.program.memory import LARGE_BYTES, return_large_blocks

class Mallinfo(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks",
        "fordblks", "keepcost")]

mallinfo = ctypes.CDLL(None).mallinfo2
mallinfo.restype = Mallinfo
asked = sys.argv[1] == "asked" and return_large_blocks()
del (large := [bytearray(16 << 20)])[:]
before = mallinfo().hblks
blocks = [bytearray(LARGE_BYTES) for _ in range(64)]  # what is left of the heap holds a few
print(asked, mallinfo().hblks > before)
"""


def _told(asked: str, **variables: str) -> list[str]:
    environment = {name: value for name, value in os.environ.items() if name[:6] != "MALLOC"}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, asked],
        env=environment | variables,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout.split()


@pytest.mark.programs
@pytest.mark.skipif(
    sys.platform == "win32" or not hasattr(ctypes.CDLL(None), "mallinfo2"),
    reason="the C library is not glibc 2.33 or newer",
)
def test_a_large_block_has_pages_of_its_own_after_a_larger_one_was_freed() -> None:
    assert _told("asked") == ["True", "True"]
    assert _told("not asked") == ["False", "False"], "glibc needs not be asked any more"
    assert _told("asked", MALLOC_MMAP_THRESHOLD_="262144") == ["False", "False"], "told by somebody"
