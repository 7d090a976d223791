"""What a generator is trained for."""
