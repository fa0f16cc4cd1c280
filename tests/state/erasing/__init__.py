"""Erasing on the disk: what was deleted is in no file of a state any more."""
