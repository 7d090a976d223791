"""How a model file is timed."""
