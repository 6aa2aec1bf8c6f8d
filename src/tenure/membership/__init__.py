"""The contract with a source, and what follows from it alone: terms, spells, grace and outcomes.

Frozen values and pure functions over columns; nothing here reads a file, a clock or a setting.
"""
