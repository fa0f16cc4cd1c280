"""Clients of other languages, built and run where their tools are installed."""
