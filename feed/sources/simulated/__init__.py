"""A simulated market: instruments, books, walks, news and halts, from one seed."""
