"""From a time-ordered table to a monitored model: reading, inferring, writing."""
