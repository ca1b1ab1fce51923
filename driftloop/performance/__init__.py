"""Performance: metrics, realised scores, and intervals around them."""
