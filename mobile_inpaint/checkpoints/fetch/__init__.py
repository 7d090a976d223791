"""Fetchers of published files."""
