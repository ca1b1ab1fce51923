"""The stack's Prefect server, prepared."""
