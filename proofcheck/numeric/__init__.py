"""The gradient of the paper's loss on numeric arrays: exact, fast, and with certified errors.

Nothing here is shared with the symbolic half, which checks it.
"""
