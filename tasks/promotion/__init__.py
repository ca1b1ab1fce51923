"""Steps of a promotion: proposal, approval, shadow, alias, probation."""
