"""Backtests: the loop as it would have run on past data."""
