"""The dashboard of all models."""
