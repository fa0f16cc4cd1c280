"""A follower of a follower, with both links cut: `python -m tests.follow_chain --seconds 600`.

The server under test of `tests.chaos` publishes a market that can be computed; a second server
follows it, and a third one the second, each through a proxy that cuts it off at random. The readers
of the chaos go about between all three: every connection is to any of them, and returns with a
position that any of them told. The ledgers are those of the chaos: one tick that is missing, comes
twice, or is lost without a word is a finding.
"""
