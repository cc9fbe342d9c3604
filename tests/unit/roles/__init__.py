"""The roles without a host: their options, and the files that they would write."""
