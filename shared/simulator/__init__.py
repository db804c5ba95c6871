"""A stand-in for MTN and Orange that keeps its own books, so that no adapter can agree with itself.

It imports nothing else of `shared`: what it knows of the wire comes from the providers' documents
and from recordings, never from the code that is tested against it.
"""
