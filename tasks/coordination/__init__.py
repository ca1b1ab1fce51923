"""Coordination of workers: slots, locks and shared documents."""
