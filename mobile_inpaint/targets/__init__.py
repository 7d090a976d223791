"""Deployment formats, one folder each."""
