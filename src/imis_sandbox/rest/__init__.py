"""The REST dialect of iMIS 20.3 over an `imis_sandbox.world.Association`.

`service.create_app` gives the ASGI application: it takes a request apart, lets `faults` strike, and asks the `router`,
which finds the verb of an entity of the `site`. `wire` knows the envelopes to the letter, `dialect` filters, order and
paging, `accounts` and `signon` who may come in, `notices` who is told what `happenings` there were.

What answers under ``api/{name}`` is an `entities.Entity` of one of four sorts:

- over the world's numpy columns: `columns` make values and filters of them, `sources` are tables of columns, and
  `activity`, `objects`, `ledger`, `gatherings`, `learning`, `standing`, `summaries` and `reckonings` are those tables;
  `written` lets an administrator write over their rows;
- documents in a list: `listed`, of which `shelves` keep what clients write, as `known` says that each entity may;
- tables of the clients' own: `panels`, and the older `tables`;
- with rules of their own: `party`, `groups`, `setup`, `documents`.

`queries` are IQAs over sources, `control` is what is no part of iMIS.
"""
