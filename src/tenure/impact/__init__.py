"""Whether it works: who is left out to compare with, what reached whom, and what came of it."""
