"""What every room of the house stands on: errors, the clock, the home directory, settings and pseudonyms."""
