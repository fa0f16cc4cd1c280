"""What the process asks of those who look after its memory: the collector, and the C library.

glibc gives large blocks pages of their own, which go back to the system when the block is freed.
Once one is freed, though, it takes blocks of that size, and smaller ones, from the heap from then
on: there the smallest one that stays keeps all before it. So a few large answers, once, would leave
the process tens of megabytes larger for ever (measured: 100 sockets that ask for pages of the ring
and do not read them left 37 MB, and leave 7 MB so; at most 21 MB were used, not 53).
"""

import ctypes
import gc
import os

LARGE_BYTES = 128 * 1024  # as glibc has it until the first large block is freed
_M_MMAP_THRESHOLD = -3  # of glibc's malloc.h
# A collection is a silence of 0.7 to 2 µs for each object that it walks, and connections are freed
# without one. So the young ones come with every 2,000 objects more than were freed, and each tenth
# walks what the others have left. One of all walks the ring and every connection (half a second
# with 1,100 subscribers in as many lanes, in a soak): it comes with twenty million objects more.
_GC_THRESHOLD = (2_000, 10, 1_000)
_VARIABLES = ("MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")


def return_large_blocks() -> bool:
    """Have large blocks go back to the system whenever they are freed; tell whether they do.

    Only glibc is asked, and not where the environment has told it something itself.
    """
    if any(os.environ.get(name) for name in _VARIABLES):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another library, or another system
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES))


def keep_imported() -> None:
    """Keep what there is out of all collections, and do not look what of it is garbage.

    For a program that has imported what it needs: of 0.2 million objects 4,500 are garbage, and
    looking for them takes 0.1 s.
    """
    gc.freeze()


def collect_rarely() -> None:
    """Keep what there is by now out of all collections, and have few of what comes."""
    collect_unheard()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLD)


def collect_unheard() -> int:
    """Collect while nobody is served, which is no step of the loop; return what was found."""
    heard, gc.callbacks[:] = gc.callbacks[:], []
    try:
        return gc.collect()
    finally:
        gc.callbacks[:] = heard
