"""Tests of pushing over HTTP."""
