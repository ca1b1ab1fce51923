"""The plan of a training: where a change began, the rows that may be learned from, and the choice.

No model is trained for good here: `change_point` looks at losses, `candidates` counts rows, and
`choice` trains on folds only to compare.
"""
