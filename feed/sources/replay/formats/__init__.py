"""What others' files hold: the columns of each vendor's tables, and the values of their cells.

A table of a vendor is a `Layout`, a declaration in `vendors`: the columns by which it is
recognised, and the field of a tick that each of them gives. `columns` makes one of `--columns`. A
cell is a text (CSV) or a value (Parquet); `cells` reads both. Knows no file and no order of rows.
"""
