"""The command `feed` with a fence that has no rule of terms: trials have to find that."""

from feed.cli import main
from feed.reign import candidate
from tests.cluster.without_terms import WithoutTerms

if __name__ == "__main__":
    vars(candidate)["Fence"] = WithoutTerms
    main()
