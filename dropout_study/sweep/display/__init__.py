"""What a sweep shows: the live table or log lines, the dry run, the command of the dashboard."""
