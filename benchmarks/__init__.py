"""Benchmarks: `load/` puts servers under load from outside, `peers/` are the servers compared.

In a checkout this package is `benchmarks`; a wheel carries it as `feed_benchmarks`. So the modules
in here import each other relatively.
"""
