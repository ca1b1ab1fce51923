"""Results of commands as JSON."""
