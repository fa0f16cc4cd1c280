"""The desk in pictures, to be looked at by hand."""
