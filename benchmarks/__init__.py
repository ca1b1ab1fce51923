"""Speed and statistics of driftloop beside other drift tools, on the same data."""
