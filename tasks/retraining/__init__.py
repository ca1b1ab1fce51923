"""Steps of a retraining: plan, train, compare."""
