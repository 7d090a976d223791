"""Artifacts into apps."""
