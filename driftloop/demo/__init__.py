"""The story of the demo: half a year of card payments in chapters."""
