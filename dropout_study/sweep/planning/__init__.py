"""What a sweep searches and where it begins: planned and checked before the first trial."""
