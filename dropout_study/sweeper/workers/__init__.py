"""Worker processes that run the jobs of a sweep, independently of each other."""
