"""Training: plan, search, fit."""
