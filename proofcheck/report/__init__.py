"""Reports of a run: a table for readers, JSON and JUnit for programs, differences from a baseline."""
