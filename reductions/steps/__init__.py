"""The steps of the lower bound, one a file: each makes, of an instance of a problem, some of the next."""
