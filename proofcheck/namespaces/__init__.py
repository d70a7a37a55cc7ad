"""The worlds a statement is evaluated in: strict arrays over floats, exact numbers, or operation counts."""
