"""What workers must agree on: slots, locks, shared documents."""
