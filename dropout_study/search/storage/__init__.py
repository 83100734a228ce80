"""The storages of a study: a journal file or a database."""
