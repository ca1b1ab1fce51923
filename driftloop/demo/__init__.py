"""A made-up card-payments history with a known story, for demos and end-to-end checks."""
