"""Errors of the benchmarks that a person can fix."""


class BenchmarkError(Exception):
    """Says in its message what is wrong and how to fix it."""
