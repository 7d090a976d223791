"""What phones will refuse of a model file."""
