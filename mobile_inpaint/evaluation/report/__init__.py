"""Evaluation results as tables, pictures and files."""
