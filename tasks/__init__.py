"""The outside world: DVC, MLflow, Slack and files, as Prefect tasks with retries."""
