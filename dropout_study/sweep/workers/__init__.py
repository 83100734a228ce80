"""Worker processes that run the jobs of a sweep without waiting for each other."""
