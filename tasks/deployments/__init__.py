"""Deployments, registered on a Prefect server."""
