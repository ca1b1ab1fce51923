"""Backup and restore of a stack."""
