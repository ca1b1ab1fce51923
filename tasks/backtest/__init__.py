"""Replays of the loop over data of the past."""
