"""A stand-in for iMIS: its REST dialect over a living, simulated association whose truth is known.

Run it with ``imis-sandbox serve``; its parts are

- `world`: the association, its members and what they do, kept in columns;
- `rest`: the dialect clients speak (token, entities, IQA, panel sources);
- `export`: the same world as a folder of files;
- `cli`: the command line.

The package depends on nothing else in this repository and may be used alone.
"""
