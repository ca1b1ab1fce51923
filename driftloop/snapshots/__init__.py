"""Newly arrived rows: checked, brought to the types of the batches, and merged into them.

What cannot be used raises `DataError` in one line: with the source, the column, the value, the fix.
"""
