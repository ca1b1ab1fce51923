"""Drift tests, and the findings of a run judged together."""
