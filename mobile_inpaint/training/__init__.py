"""How generators are made."""
