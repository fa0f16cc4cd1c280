"""Alerts over HTTP: rules are made, read, changed and deleted, and firings acknowledged."""
