"""The API: what the pages show and do, for programs that hold a token.

`door.py` looks at the token before anything else is asked; `problems.py` is the one form of what went wrong;
`service.py` puts the operations together and describes them in OpenAPI. The operations have no rules of their own:
they call what the pages call, in the name of the token's account.
"""
