"""Pages for members: unsubscribing, one question, an offer of payment in parts.

Nobody signs in here. Who has the link is who it was made for; a page tells nothing that its holder does not know, and
none acts before somebody presses its button, since programs follow links too.
"""
