"""Choreography: one flow a file, and the command line over them."""
