"""What driftloop tells people: messages built from records, in Slack's Block Kit."""
