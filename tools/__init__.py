"""Tools for developing driftloop; none of them is part of the installed package."""
