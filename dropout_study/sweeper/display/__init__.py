"""The output of a sweep: the live table or log lines, the dry run, the dashboard's command."""
