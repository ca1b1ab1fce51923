"""Newly arrived rows: checked, brought to the types of the batches, and merged into them."""
