"""A stand-in for MTN's Open API that keeps its own books, so that no adapter can agree with itself.

It imports nothing else of `shared`: what it knows of the wire comes from the provider's documents
and from recordings, never from the code that is tested against it.
"""
