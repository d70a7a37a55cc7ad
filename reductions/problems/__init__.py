"""The problems that reductions lead from and to: an instance type with its verifier each."""
