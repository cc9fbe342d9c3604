"""The report: merged, compared and shown."""
