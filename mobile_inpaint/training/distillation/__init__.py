"""Training on a teacher's fills."""
