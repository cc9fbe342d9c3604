"""What happens to a fleet: hosts fail, come unprepared, have managers of their own. Long."""
