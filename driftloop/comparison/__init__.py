"""Champion against challenger on one holdout."""
