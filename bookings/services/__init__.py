"""The only writers: one module a noun, each change in one transaction with its audit line."""
