"""What happens to a fleet: five hosts, some that fail or come unprepared or with managers. Long."""
