"""Plans and checks a sweep before its first trial: search space, fixed values, first points."""
