"""Runs the collection's playbooks and tells what they changed."""
