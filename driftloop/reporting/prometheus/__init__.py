"""Metrics of the loop for Prometheus: what there is to scrape, and what it is worth now."""
