"""Backtests: what a policy would have been worth on data of the past."""
