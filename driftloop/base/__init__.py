"""Words that all stages share: errors, settings, periods, records, windows."""
