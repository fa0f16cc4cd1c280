"""What lies between a writer and its edges."""
