"""Verify and report: on the lab, and in a browser."""
