"""Incidents: their life from opened to resolved, and what is said of them."""
