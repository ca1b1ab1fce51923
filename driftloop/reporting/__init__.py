"""One record of a run, drawn in each form."""
