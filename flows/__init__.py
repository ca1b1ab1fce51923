"""Choreography: one flow per file, and the command line over them."""
