"""Snapshots in DVC, Git and Parquet."""
