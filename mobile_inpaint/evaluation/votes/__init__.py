"""People's votes on pairs of fills: a page that asks for them, and what follows from them."""
