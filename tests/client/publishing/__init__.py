"""Publishing, against a server that misbehaves on cue."""
