"""Messages to people, built from records as neutral blocks."""
