"""The metrics of several processes as one text, in which each sample says of which worker it is.

Each process has a registry of its own, and its text is merged here line by line; nothing is added
up, since Prometheus can do that, and cannot take sums apart. Families keep the order in which they
come first. Works on both formats, of which OpenMetrics has exemplars behind a sample, and an end.
"""

from collections.abc import Iterator, Mapping

LABEL = "worker"
_END = "# EOF"
_ABOUT = ("# HELP ", "# TYPE ", "# UNIT ")


class Merged:
    """Texts of several processes, merged family by family."""

    def __init__(self) -> None:
        """Begin with none."""
        self._heads: dict[str, list[str]] = {}  # by family
        self._samples: dict[str, list[str]] = {}
        self._has_end = False

    def add(self, worker: str, text: str) -> Iterator[None]:
        """Add the text of a process, one family at each step."""
        label = f'{LABEL}="{_escaped(worker)}"'
        family, is_new = "", False
        for line in text.splitlines():
            if not line.startswith("#"):
                if line:
                    self._samples.setdefault(family, []).append(labelled(line, label))
            elif line == _END:
                self._has_end = True
            elif line.startswith(_ABOUT):
                name = line.split(" ", 3)[2]
                if name != family:
                    yield
                    family, is_new = name, name not in self._heads
                if is_new:
                    self._heads.setdefault(name, []).append(line)

    def add_plain(self, text: str) -> None:
        """Add a text whose samples say already of which process they are."""
        family = ""
        for line in text.splitlines():
            if line.startswith(_ABOUT):
                family = line.split(" ", 3)[2]
                self._heads.setdefault(family, []).append(line)
            else:
                self._samples.setdefault(family, []).append(line)

    def text(self) -> str:
        """Return all of it."""
        lines = [
            line
            for family, head in self._heads.items()
            for line in (*head, *self._samples.get(family, ()))
        ]
        if self._has_end:
            lines.append(_END)
        return "\n".join(lines) + "\n"


def merged(texts: Mapping[str, str]) -> str:
    """Return the texts of processes, by their names, as one."""
    whole = Merged()
    for worker, text in texts.items():
        for _ in whole.add(worker, text):
            pass
    return whole.text()


def labelled(sample: str, label: str) -> str:
    """Return a sample with one label more; labels are behind its name, before the first space."""
    brace, space = sample.find("{"), sample.find(" ")
    if 0 <= brace < space or space < 0:
        separator = "" if sample[brace + 1] == "}" else ","
        return f"{sample[: brace + 1]}{label}{separator}{sample[brace + 1 :]}"
    return f"{sample[:space]}{{{label}}}{sample[space:]}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
