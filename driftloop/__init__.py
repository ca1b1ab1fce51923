"""What driftloop knows: statistics, verdicts, decisions, comparison and messages.

Plain functions over arrays, tables and records. Nothing here imports Prefect, MLflow, DVC, Slack
or the network, so everything is usable from a notebook.
"""

__version__ = "0.1.0"
