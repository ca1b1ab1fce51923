"""The local stack of `driftloop up`: Prefect, MLflow, a worker and a page, under supervisord."""
