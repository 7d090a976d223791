"""A page that measures: the server that hands it out, what it is told, what it posts back, and the browser that opens it."""
