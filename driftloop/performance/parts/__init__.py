"""Performance in parts of a window: by segments of the rows, and by served version."""
