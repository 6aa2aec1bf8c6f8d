"""The staff pages: whom to call, why, and how far the numbers can be trusted.

Server-rendered, complete without a script, under a content security policy without exceptions. Pages read the ledger,
the lake and the models' manifests; they hold no rules of their own and cannot reach iMIS.

`serve` runs them; `create_server` gives the server without running it, for `run_until`; `application` gives the
WSGI application.
"""

from tenure.web.server import application, create_server, run_until, serve

__all__ = ["application", "create_server", "run_until", "serve"]
