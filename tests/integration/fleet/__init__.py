"""What happens to a fleet: hosts come, go and fail; other underlays; the firewall. Long."""
