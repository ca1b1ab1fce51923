"""Sample messages of every kind, for documentation and tests."""
