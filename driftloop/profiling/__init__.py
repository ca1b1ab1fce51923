"""One column of reference and window, counted once and compared."""
