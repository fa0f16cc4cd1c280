"""The sources that another program writes into: standard input, and named pipes."""
