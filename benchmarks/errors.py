"""Errors of the benchmarks that a person can mend."""


class BenchmarkError(Exception):
    """Says in its message what is wrong and how to mend it."""
