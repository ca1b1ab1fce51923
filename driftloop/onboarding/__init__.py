"""`init`: from a time-ordered table to a monitored model."""
