"""Results of commands as people read them in the terminal."""
