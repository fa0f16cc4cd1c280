"""`python -m feed` is `feed`."""

from feed.cli import main

if __name__ == "__main__":
    main()
