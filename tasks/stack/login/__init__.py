"""Passwords of the stack: made, handed over, asked for."""
