"""Steps of a monitoring run."""
