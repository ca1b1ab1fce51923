"""Runtime of every step: step factory, job, clock, progress, credentials, redaction."""
