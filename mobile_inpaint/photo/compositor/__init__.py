"""How a photo of any size goes through a network of one size."""
