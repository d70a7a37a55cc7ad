"""The checks: each takes one form of a claim and returns a verdict; one file per kind of evidence."""
