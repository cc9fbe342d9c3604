"""Codes that need more than a script to be provoked, each in a test file of its own."""

SPECIAL = {"module_missing", "socket_missing", "networkmanager_manages"}
