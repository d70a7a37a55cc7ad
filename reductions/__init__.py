"""reductions: builds the hard instances behind the lower bound, step by step.

This version has no reductions yet; CHANGELOG.md says when they come.
"""
