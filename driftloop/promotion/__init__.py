"""Promotion modes, the ledger, shadow and probation."""
