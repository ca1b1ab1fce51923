"""Removal of what was kept for long enough."""
