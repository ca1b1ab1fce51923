"""Generators of documentation, for developers; not part of the installed packages."""
