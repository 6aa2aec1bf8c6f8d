"""The command line, and the wiring of all other rooms into one night.

Nothing here has rules of its own about members, scores or iMIS: commands open a `House` (home, settings, lake,
ledger, models), the night walks through the rooms in order, and the console says what happened.
"""
