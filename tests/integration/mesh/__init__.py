"""Whole meshes on the lab: playbooks, traffic, and what is left afterwards."""
