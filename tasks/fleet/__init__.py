"""Many models in one run: which of them, and a warm process for each."""
