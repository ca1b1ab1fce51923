"""Verdict, kind of trouble, and the decision what to do."""
