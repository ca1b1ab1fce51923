"""Alert state and its delivery over the channels."""
