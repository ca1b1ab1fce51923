"""The report of a run and the page of all models: records as one HTML file each, escaped."""
