"""A source that was chosen for a run: its name, its options, and the names of its symbols."""

from dataclasses import dataclass, field

from feed.sources.named_source import NamedSource
from feed.sources.naming import NamingOptions
from feed.sources.options import SourceOptions


@dataclass(frozen=True, slots=True)
class ChosenSource:
    """One source of a run.

    Attributes:
        name: by which it is told.
        options: of its kind.
        naming: how its symbols are told.
    """

    name: str
    options: SourceOptions
    naming: NamingOptions = field(default_factory=NamingOptions)

    def make(self) -> NamedSource:
        """Return the source; it is not opened yet.

        Raises:
            FeedError: an option is not accepted by the source itself.
        """
        return NamedSource(self.name, self.options.make(), self.naming.renames())
