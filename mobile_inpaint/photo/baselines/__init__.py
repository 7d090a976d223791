"""Classical fills, for comparison."""
