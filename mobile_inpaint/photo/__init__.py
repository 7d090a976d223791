"""What happens to a photo before and after a network: numpy and integers, no torch."""
