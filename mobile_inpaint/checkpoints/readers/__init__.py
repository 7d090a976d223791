"""Readers of weights in each file format."""
