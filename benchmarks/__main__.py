"""`python -m benchmarks`: the same as `feed bench`."""

from .load.cli import main

if __name__ == "__main__":
    main()
