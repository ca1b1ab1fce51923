"""The Python API: two tables in memory, compared by the rules that a monitoring run has."""
