"""What `make test` runs: linters, test suites, and the sum of their results."""
