"""The REST dialect of iMIS 20.3 over an `imis_sandbox.world.Association`.

`service.create_app` gives the ASGI application. Inside, `columns` turn the world's numpy columns into values and
filters, `sources` are tables of them (business objects), `queries` are IQAs over them, `entities` are what answers
under ``api/{name}``, and `wire` knows the envelopes to the letter.
"""
