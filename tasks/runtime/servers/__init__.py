"""Prefect servers on loopback that end with the process that started them."""
