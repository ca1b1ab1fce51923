"""The local stack of `driftloop up`: Prefect, MLflow, a worker and a page, under supervisord.

What is in the way, fails or cannot be reached raises `StackError` in one line, with the fix.
"""
