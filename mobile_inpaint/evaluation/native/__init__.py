"""Whole fills scored at the photo's own size."""
