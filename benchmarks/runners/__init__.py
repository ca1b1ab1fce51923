"""Runners: each a process of its own, in the environment of the tool that it measures.

The modules here import nothing of driftloop or of `benchmarks` beyond this package, apart from the
driftloop runner: the peers' environments hold only the peers.
"""
