"""Who somebody is: identities, and the keys that prove them.

Here belong credentials, keys and their file, and the seam between the two: a credential in, an
identity or a refusal out. Not here: what an identity may read (`feed.wire.grants`), and the places
of a request where credentials stand. May import `feed.native` and below.
"""
