"""The scenarios: each puts one question to a server, and to its peers in the same run."""
