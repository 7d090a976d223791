"""Core ML programs."""
