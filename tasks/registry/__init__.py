"""Models, versions and the champion alias, behind one protocol."""
