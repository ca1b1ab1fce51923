"""Formatters: one message in the markup of one channel."""
