"""Who somebody is: identities, the keys that prove them, and addresses behind proxies.

Here belong credentials, keys and their file, and the seam between the two: a credential in, an
identity or a refusal out; who asks behind a proxy that is trusted; and what is counted of each. Not
here: what an identity may read (`feed.wire.grants`), and the places of a request where credentials
stand. May import `feed.native` and below.
"""
