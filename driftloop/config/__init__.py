"""The configuration of a model: what a user writes, loaded and checked."""
