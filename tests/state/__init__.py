"""State over restarts. `python -m tests.state --kills 50` kills a server again and again."""
