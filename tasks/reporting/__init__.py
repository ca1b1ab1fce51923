"""Reports, dashboard, history and metrics, written and published."""
